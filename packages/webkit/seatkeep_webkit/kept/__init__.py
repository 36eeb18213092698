"""Django's cache in the database: what one web process keeps for a minute, every other one finds.

Sign-in depends on it: codes of OpenID Connect, codes of an authenticator that were used, allauth's own limits.
"""
