-- Wake the long polls when this commits.
SELECT pg_notify('feed', '')
