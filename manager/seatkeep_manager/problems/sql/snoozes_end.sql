-- Brings back the problems whose snooze is over, with a line in their history.
-- Parameters: now.
WITH woken AS (
    UPDATE problems_problem
    SET state = 'OPEN', snoozed_until = NULL
    WHERE state = 'SNOOZED' AND snoozed_until <= %(now)s
    RETURNING id
)
INSERT INTO problems_problemevent (problem_id, verb, at, actor, details)
SELECT id, 'WOKE', %(now)s, '', '{}'::jsonb FROM woken
