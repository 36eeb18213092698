-- More devices of one customer, as enrollment and an inventory left them; nobody hears of them.
INSERT INTO directory_device
    (uid, kind, state, hostname, display_name, group_id, company_hub_id, agent_thumbprint, x25519, nkey, fingerprint,
     agent_version, endpoint_thumbprint, document_floor, os_family, os_name, os_version, architecture, serial,
     manufacturer, model, cpu, cpu_count, memory_bytes, disk_bytes, ip_addresses, enrolled_at, last_seen_at,
     online_until, heartbeat_spool, heartbeat_seq, heartbeat_at_us, status_spool, status_seq, status_at_us,
     applied_versions, spool_waiting, signed_in_user, protection, protection_reasons, protection_at, lease,
     endpoint_status, inventory_at)
SELECT gen_random_uuid(), CASE WHEN n %% 10 = 0 THEN 'SERVER' ELSE 'WORKSTATION' END, 'ACTIVE',
       (ARRAY['reception', 'accounts', 'sales', 'workshop', 'meeting', 'design', 'support', 'till'])[1 + n %% 8]
       || '-' || lpad(n::text, 6, '0'),
       '', place.group_id, place.company, 'bench-' || place.company || '-' || n, '', '',
       jsonb_build_object('machine_id', md5('m' || place.company || n), 'system_uuid', md5('u' || place.company || n),
                          'board_serial', md5('b' || place.company || n), 'mac', md5('a' || place.company || n)),
       '0.1.0', '', extract(epoch FROM %(now)s::timestamptz)::bigint * 1000000,
       'LINUX', 'Debian GNU/Linux', CASE WHEN n %% 3 = 0 THEN '12' ELSE '13' END, 'x86_64',
       'S' || lpad(n::text, 9, '0'), 'Dell Inc.', 'OptiPlex 7010', 'Simulated CPU', 4, 16 * 1024::bigint ^ 3,
       512 * 1024::bigint ^ 3, ARRAY['198.18.' || n / 250 %% 250 || '.' || 1 + n %% 250],
       %(now)s::timestamptz - interval '100 days', %(now)s::timestamptz - n %% 300 * interval '1 second',
       %(now)s::timestamptz + interval '12 hours', md5('s' || n), n, 1, '', 0, 0, '{}', 0, '',
       CASE WHEN n %% 20 = 0 THEN 'NOT_PROTECTED' WHEN n %% 20 = 1 THEN 'SCAN_ONLY' ELSE 'PROTECTED' END,
       CASE WHEN n %% 20 = 0 THEN ARRAY['ENGINE_STOPPED'] ELSE '{}' END, %(now)s,
       '{"state": "ACTIVE", "product": "endpoint-workstation"}', '{}', %(now)s
FROM bench_place AS place, generate_series(place.first, place.last) AS n
