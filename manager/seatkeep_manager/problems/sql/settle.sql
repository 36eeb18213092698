-- Makes the unresolved problems of a scope equal to what is found, and writes their history: one statement whatever
-- their number. A problem that gets worse wakes from its snooze.
-- problems.findings puts in what is found (see device_findings.sql) and which problems it is about (known).
-- Parameter: now.
WITH {findings}, known AS MATERIALIZED (
    SELECT p.id, p.kind, p.subject, p.severity
    FROM problems_problem p
    WHERE p.state IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED') AND {known}
    ORDER BY p.id
    FOR NO KEY UPDATE
), gone AS (
    UPDATE problems_problem p
    SET state = 'RESOLVED', resolved_at = %(now)s, snoozed_until = NULL
    FROM known k
    WHERE p.id = k.id
      AND NOT EXISTS (SELECT FROM found f WHERE f.kind = k.kind AND f.subject = k.subject)
    RETURNING p.id
), changed AS (
    UPDATE problems_problem p
    SET severity = f.severity,
        details = f.details,
        company_hub_id = f.company_hub_id,
        state = CASE WHEN p.state = 'SNOOZED' AND f.severity = 'RED' AND k.severity <> 'RED' THEN 'OPEN'
                     ELSE p.state END,
        snoozed_until = CASE WHEN f.severity = 'RED' AND k.severity <> 'RED' THEN NULL ELSE p.snoozed_until END
    FROM known k
    JOIN found f ON f.kind = k.kind AND f.subject = k.subject
    WHERE p.id = k.id
      AND (p.severity, p.details, p.company_hub_id) IS DISTINCT FROM (f.severity, f.details, f.company_hub_id)
    RETURNING p.id, f.severity, k.severity AS former
), opened AS (
    INSERT INTO problems_problem
        (uid, kind, severity, subject, device_id, company_hub_id, details, state, since, note)
    SELECT gen_random_uuid(), f.kind, f.severity, f.subject, f.device_id, f.company_hub_id, f.details, 'OPEN', %(now)s,
           ''
    FROM found f
    WHERE NOT EXISTS (SELECT FROM known k WHERE k.kind = f.kind AND k.subject = f.subject)
    ON CONFLICT (kind, subject) WHERE state IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED') DO NOTHING
    RETURNING id, severity
)
INSERT INTO problems_problemevent (problem_id, verb, at, actor, details)
SELECT id, 'OPENED', %(now)s, '', jsonb_build_object('severity', severity) FROM opened
UNION ALL
SELECT id, 'SEVERITY', %(now)s, '', jsonb_build_object('severity', severity) FROM changed WHERE severity <> former
UNION ALL
SELECT id, 'CLOSED', %(now)s, '', '{{}}'::jsonb FROM gone
