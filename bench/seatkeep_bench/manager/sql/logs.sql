-- What months leave behind: audit entries, runs of tasks, problems that have gone, and the open problems of today.
INSERT INTO problems_problem
    (uid, kind, severity, subject, device_id, company_hub_id, details, state, since, resolved_at, note)
SELECT gen_random_uuid(), CASE d.protection WHEN 'SCAN_ONLY' THEN 'scan_only' ELSE 'not_protected' END,
       CASE d.protection WHEN 'SCAN_ONLY' THEN 'AMBER' ELSE 'RED' END, 'device:' || d.uid, d.id, d.company_hub_id,
       CASE d.protection WHEN 'SCAN_ONLY' THEN '{}' ELSE '{"reasons": ["ENGINE_STOPPED"]}' END::jsonb, 'OPEN',
       %(now)s::timestamptz - d.id %% 90 * interval '1 day', NULL, ''
FROM directory_device d
WHERE d.agent_thumbprint LIKE 'bench-%%' AND d.protection <> 'PROTECTED'
ON CONFLICT DO NOTHING
----
INSERT INTO problems_problem
    (uid, kind, severity, subject, device_id, company_hub_id, details, state, since, resolved_at, note)
SELECT gen_random_uuid(), 'signatures_old', 'AMBER', 'device:' || d.uid, d.id, d.company_hub_id, '{}', 'RESOLVED',
       %(now)s::timestamptz - n * interval '1 day', %(now)s::timestamptz - n * interval '1 day' + interval '1 hour', ''
FROM directory_device d, generate_series(1, greatest(1, %(rows)s::int / 10 / %(devices)s::int)) AS n
WHERE d.agent_thumbprint LIKE 'bench-%%'
----
INSERT INTO problems_problemevent (problem_id, verb, at, actor, details)
SELECT id, 'OPENED', since, '', '{}' FROM problems_problem WHERE state = 'RESOLVED'
----
INSERT INTO tasks_clienttask (uid, kind, params, company_hub_id, created_at, expires_at, created_by)
SELECT gen_random_uuid(), 'SCAN', '{}', NULL, %(now)s::timestamptz - n * interval '1 day',
       %(now)s::timestamptz - n * interval '1 day' + interval '7 days', 'bench'
FROM generate_series(1, greatest(1, %(rows)s::int / 5 / %(devices)s::int)) AS n
----
INSERT INTO tasks_taskrun (uid, task_id, device_id, state, progress, output, result, error_code, queued_at, finished_at)
SELECT gen_random_uuid(), t.id, d.id, 'FINISHED', 100, '', '{}', '', t.created_at, t.created_at + interval '1 hour'
FROM tasks_clienttask t, directory_device d
WHERE t.created_by = 'bench' AND d.agent_thumbprint LIKE 'bench-%%'
----
INSERT INTO audit_auditentry
    (at, actor_kind, actor_id, actor_label, action, subject_type, subject_id, company_uid, details)
SELECT %(now)s::timestamptz - (%(rows)s::int - n) * interval '1 second', 'USER', 'person-' || n %% 40,
       'person-' || n %% 40 || '@bench.example',
       (ARRAY['device:move', 'policy:update', 'task:create', 'customer:setup', 'problem:seen'])[1 + n %% 5],
       'device', d.uid::text, d.company_hub_id, '{}'
FROM generate_series(1, %(rows)s::int * 6 / 10) AS n
JOIN (SELECT uid, company_hub_id, row_number() OVER (ORDER BY id) AS place FROM directory_device
      WHERE agent_thumbprint LIKE 'bench-%%') AS d ON d.place = 1 + n %% %(devices)s::int
