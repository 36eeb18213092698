-- Findings that the caller judged, as the rows that sql/settle.sql asks for.
-- Parameter: found, a JSON array of objects with these columns.
found AS MATERIALIZED (
    SELECT subject, kind, severity, details, NULL::bigint AS device_id, company_hub_id
    FROM jsonb_to_recordset(%(found)s::jsonb) AS f (
        subject text, kind text, severity text, details jsonb, company_hub_id uuid
    )
)
