-- Devices whose problems are not what they should be: reads only, so that a look at every device locks none.
-- problems.findings puts in what is found (device_findings.sql over every device that may have problems).
WITH {findings}, known AS (
    SELECT p.device_id, p.kind, p.severity, p.details, p.company_hub_id
    FROM problems_problem p
    WHERE p.state IN ('OPEN', 'ACKNOWLEDGED', 'SNOOZED') AND p.device_id IS NOT NULL
)
SELECT DISTINCT coalesce(f.device_id, k.device_id)
FROM found f
FULL JOIN known k ON k.device_id = f.device_id AND k.kind = f.kind
WHERE (f.severity, f.details, f.company_hub_id) IS DISTINCT FROM (k.severity, k.details, k.company_hub_id)
ORDER BY 1
