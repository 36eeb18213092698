"""The first catalogue: endpoint protection for workstations and servers."""

from __future__ import annotations

from django.db import connection

WORKSTATION = "endpoint-workstation"
"""Code of the product for workstations."""

SERVER = "endpoint-server"
"""Code of the product for servers."""

ENDPOINT_BUNDLE = "endpoint-protection"
"""Code of the bundle of both."""

CATALOGUE_SQL = """
INSERT INTO licensing_product (uid, code, name, category, platform) VALUES
    (gen_random_uuid(), 'endpoint-workstation', 'Workstation protection', 'endpoint', 'WORKSTATION'),
    (gen_random_uuid(), 'endpoint-server', 'Server protection', 'endpoint', 'SERVER')
    ON CONFLICT (code) DO NOTHING;
INSERT INTO licensing_bundle (uid, code, name, category) VALUES
    (gen_random_uuid(), 'endpoint-protection', 'Endpoint protection', 'endpoint')
    ON CONFLICT (code) DO NOTHING;
INSERT INTO licensing_bundleproduct (bundle_id, product_id, ratio)
    SELECT b.id, p.id, 1 FROM licensing_bundle b, licensing_product p
    WHERE b.code = 'endpoint-protection' AND p.code IN ('endpoint-workstation', 'endpoint-server')
    ON CONFLICT (bundle_id, product_id) DO NOTHING;
"""


def catalogue_ensure() -> None:
    """Make the catalogue where it is missing. Idempotent; a migration has done it already."""
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUE_SQL)
