-- What is wrong with devices now: one row per device and kind. What one finding explains, no second one repeats.
-- Thresholds: the nearest static group at or above a device that sets one wins; see problems.thresholds.
-- problems.findings puts in which devices (scope) and a column per threshold (limits).
-- Parameters: now; ids (for some devices); newest, newest_text, minimum (versions of the agent, arrays of numbers).
scope AS MATERIALIZED (
    SELECT d.id, d.uid, d.state, d.kind, d.group_id, d.company_hub_id, d.protection, d.protection_reasons,
           d.lease ->> 'error' AS refusal, d.enrolled_at, d.retired_at, d.last_seen_at,
           coalesce(d.last_seen_at, d.enrolled_at) AS seen_at,
           coalesce(d.online_until > %(now)s, false) AS is_online,
           d.heartbeat_at_us, d.spool_waiting, d.agent_version, d.applied_versions
    FROM directory_device d
    WHERE ({scope}) AND (d.muted_until IS NULL OR d.muted_until <= %(now)s)
), overridden AS (
    SELECT g.id AS group_id, jsonb_object_agg(one.key, one.value ORDER BY cardinality(above.path)) AS limits
    FROM problems_groupthresholds t
    JOIN directory_staticgroup above ON above.id = t.group_id
    JOIN directory_staticgroup g ON g.path @> ARRAY[t.group_id]
    CROSS JOIN LATERAL jsonb_each(t.limits) AS one
    WHERE g.id IN (SELECT group_id FROM scope)
    GROUP BY g.id
), active AS MATERIALIZED (
    SELECT s.*, {limits}
    FROM scope s
    LEFT JOIN overridden o USING (group_id)
    WHERE s.state = 'ACTIVE'
), condition AS (
    SELECT a.*, c.signatures_at, c.settings_errors, c.engine_differences, c.restart_since, c.disk_mount,
           c.disk_free_percent
    FROM active a
    JOIN problems_devicecondition c ON c.device_id = a.id
), told (device_id, kind, severity, details) AS (
    -- A finding whose file is not even in quarantine is urgent.
    SELECT a.id, 'open_detection', CASE WHEN bool_or(x.item_uid IS NULL) THEN 'RED' ELSE 'AMBER' END,
           jsonb_build_object('count', count(*))
    FROM active a
    JOIN detections_detection x ON x.device_id = a.id AND x.resolved_at IS NULL
    GROUP BY a.id
    UNION ALL
    -- Half an hour without a word of a protection product is none; old signatures are a kind of their own.
    SELECT a.id, 'not_protected', 'RED', jsonb_build_object('reasons', why.reasons)
    FROM active a
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(r.reason ORDER BY r.place) AS reasons
        FROM unnest(CASE a.protection WHEN 'UNKNOWN' THEN ARRAY['NO_ENDPOINT'] ELSE a.protection_reasons END)
            WITH ORDINALITY AS r (reason, place)
        WHERE NOT (r.reason = 'LICENSE_MISSING' AND a.refusal IS NOT DISTINCT FROM 'no_seat_left')
          AND NOT (r.reason = 'THREAT_OPEN' AND EXISTS (
              SELECT FROM detections_detection x WHERE x.device_id = a.id AND x.resolved_at IS NULL))
          AND r.reason <> 'SIGNATURES_OLD'
    ) AS why
    WHERE why.reasons IS NOT NULL
      AND (a.protection = 'NOT_PROTECTED'
           OR (a.protection = 'UNKNOWN' AND a.enrolled_at <= %(now)s - interval '30 minutes'))
    UNION ALL
    SELECT a.id, 'scan_only', 'AMBER', '{{}}'::jsonb FROM active a WHERE a.protection = 'SCAN_ONLY'
    UNION ALL
    SELECT c.id, 'signatures_old',
           CASE WHEN c.signatures_at <= %(now)s - make_interval(days => c.signatures_red) THEN 'RED' ELSE 'AMBER' END,
           jsonb_build_object('made_at', c.signatures_at)
    FROM condition c
    WHERE c.signatures_at <= %(now)s - make_interval(days => c.signatures_amber)
    UNION ALL
    SELECT a.id, 'no_seat', 'RED', '{{}}'::jsonb FROM active a WHERE a.refusal = 'no_seat_left'
    UNION ALL
    SELECT a.id, 'server_silent',
           CASE WHEN a.seen_at <= %(now)s - make_interval(mins => a.server_silent_red) THEN 'RED' ELSE 'AMBER' END,
           jsonb_build_object('seen_at', a.seen_at)
    FROM active a
    WHERE a.kind = 'SERVER' AND a.seen_at <= %(now)s - make_interval(mins => a.server_silent_amber)
    UNION ALL
    SELECT a.id, 'workstation_silent',
           CASE WHEN a.seen_at <= %(now)s - make_interval(days => a.workstation_silent_red) THEN 'RED' ELSE 'AMBER' END,
           jsonb_build_object('seen_at', a.seen_at)
    FROM active a
    WHERE a.kind <> 'SERVER' AND a.seen_at <= %(now)s - make_interval(days => a.workstation_silent_amber)
    UNION ALL
    -- Ten minutes are enough for an agent that gets its order to retire to be gone.
    SELECT s.id, 'came_back', 'AMBER', '{{}}'::jsonb
    FROM scope s
    WHERE s.state = 'RETIRED' AND s.is_online AND s.last_seen_at > s.retired_at + interval '10 minutes'
    UNION ALL
    -- Of each kind of task the newest run that ended counts.
    SELECT a.id, 'task_failed', 'AMBER', jsonb_build_object('kinds', jsonb_agg(DISTINCT t.kind))
    FROM active a
    JOIN tasks_taskrun r ON r.device_id = a.id
    JOIN tasks_clienttask t ON t.id = r.task_id
    WHERE r.state = 'FAILED' AND r.finished_at > %(now)s - make_interval(days => a.task_failed)
      AND NOT EXISTS (
          SELECT
          FROM tasks_taskrun later
          JOIN tasks_clienttask same ON same.id = later.task_id AND same.kind = t.kind
          WHERE later.device_id = r.device_id AND later.state IN ('FINISHED', 'FAILED')
            AND (later.finished_at, later.id) > (r.finished_at, r.id))
    GROUP BY a.id
    UNION ALL
    -- A document that the bucket has held for a while and a device that is there does not obey.
    SELECT a.id, 'policy_gap', 'AMBER', '{{}}'::jsonb
    FROM active a
    JOIN directory_staticgroup g ON g.id = a.group_id
    CROSS JOIN LATERAL (VALUES
        ('dev.' || replace(a.uid::text, '-', '')),
        ('grp.' || coalesce(replace(a.company_hub_id::text, '-', ''), repeat('0', 32)) || '.'
         || replace(g.uid::text, '-', ''))
    ) AS obeyed (key)
    CROSS JOIN LATERAL (  -- Each by its key, also where the plan would rather read every document.
        SELECT d.published_at, d.published_version FROM statedocs_statedocument d WHERE d.key = obeyed.key OFFSET 0
    ) AS doc
    WHERE a.is_online AND doc.published_at <= %(now)s - make_interval(mins => a.gap)
      AND coalesce((a.applied_versions ->> obeyed.key)::numeric, 0) < doc.published_version
    GROUP BY a.id
    UNION ALL
    SELECT c.id, 'policy_error', 'AMBER', jsonb_build_object('settings', c.settings_errors)
    FROM condition c
    WHERE c.settings_errors <> '{{}}'::jsonb
    UNION ALL
    SELECT c.id, 'engine_differs', 'AMBER', jsonb_build_object('settings', to_jsonb(c.engine_differences))
    FROM condition c
    WHERE cardinality(c.engine_differences) > 0
    UNION ALL
    -- Below the minimum this console does not understand everything that an agent says.
    SELECT a.id, 'agent_old', CASE WHEN v.numbers < %(minimum)s::bigint[] THEN 'RED' ELSE 'GREY' END,
           jsonb_build_object('version', a.agent_version, 'newest', %(newest_text)s::text)
    FROM active a
    JOIN (
        SELECT each.agent_version,
               string_to_array(
                   substring(each.agent_version FROM '^\d{{1,9}}(?:\.\d{{1,9}}){{0,3}}'), '.'
               )::bigint[] AS numbers
        FROM (SELECT DISTINCT agent_version FROM active) AS each
    ) AS v USING (agent_version)
    WHERE v.numbers < greatest(%(newest)s::bigint[], %(minimum)s::bigint[])
    UNION ALL
    SELECT c.id, 'restart_needed',
           CASE WHEN c.restart_since <= %(now)s - make_interval(days => c.restart_red) THEN 'RED' ELSE 'AMBER' END,
           jsonb_build_object('since', c.restart_since)
    FROM condition c
    WHERE c.restart_since <= %(now)s - make_interval(days => c.restart_amber)
    UNION ALL
    -- What a device with a full spool says now it wrote some time ago; its clock is judged when the spool is empty.
    SELECT k.id, 'clock_wrong', CASE WHEN abs(k.skew) >= k.clock_red * 60 THEN 'RED' ELSE 'AMBER' END,
           jsonb_build_object('minutes', round(k.skew / 60))
    FROM (
        SELECT a.id, a.clock_red, a.clock_amber, a.heartbeat_at_us / 1e6 - extract(epoch FROM a.last_seen_at) AS skew
        FROM active a
        WHERE a.is_online AND a.heartbeat_at_us > 0 AND a.spool_waiting <= 5
    ) AS k
    WHERE abs(k.skew) >= k.clock_amber * 60
    UNION ALL
    SELECT c.id, 'disk_low', CASE WHEN c.disk_free_percent <= c.disk_red THEN 'RED' ELSE 'AMBER' END,
           jsonb_build_object('mount', c.disk_mount, 'percent', c.disk_free_percent)
    FROM condition c
    WHERE c.disk_free_percent <= c.disk_amber
    UNION ALL
    SELECT a.id, 'group_unknown', 'AMBER', jsonb_build_object('path', u.path)
    FROM active a
    JOIN enrollment_unknowngroup u ON u.device_id = a.id AND u.placed_id = a.group_id
), found AS MATERIALIZED (
    SELECT 'device:' || s.uid AS subject, t.kind, t.severity, t.details, t.device_id, s.company_hub_id
    FROM told t
    JOIN scope s ON s.id = t.device_id
)
