"""The catalogue as it comes: products, and bundles in tiers. The vendor edits it from there."""

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

TIERS_SQL = """
INSERT INTO licensing_product (uid, code, name, category, platform) VALUES
    (gen_random_uuid(), 'endpoint-mobile', 'Mobile protection', 'endpoint', 'MOBILE'),
    (gen_random_uuid(), 'cloud-analysis', 'Cloud analysis', 'endpoint', 'WORKSTATION'),
    (gen_random_uuid(), 'disk-encryption', 'Disk encryption', 'endpoint', 'WORKSTATION'),
    (gen_random_uuid(), 'mail-server', 'Mail server protection', 'mail', 'SERVER')
    ON CONFLICT (code) DO NOTHING;
INSERT INTO licensing_bundle (uid, code, name, category, tier) VALUES
    (gen_random_uuid(), 'endpoint-advanced', 'Endpoint advanced', 'endpoint', 2),
    (gen_random_uuid(), 'endpoint-complete', 'Endpoint complete', 'endpoint', 3),
    (gen_random_uuid(), 'mail-security', 'Mail security', 'mail', 1)
    ON CONFLICT (code) DO NOTHING;
INSERT INTO licensing_bundleproduct (bundle_id, product_id, ratio)
    SELECT b.id, p.id, line.ratio
    FROM (VALUES
        ('endpoint-advanced', 'endpoint-workstation', 1), ('endpoint-advanced', 'endpoint-server', 1),
        ('endpoint-advanced', 'endpoint-mobile', 1), ('endpoint-advanced', 'cloud-analysis', 1),
        ('endpoint-complete', 'endpoint-workstation', 1), ('endpoint-complete', 'endpoint-server', 1),
        ('endpoint-complete', 'endpoint-mobile', 2), ('endpoint-complete', 'cloud-analysis', 1),
        ('endpoint-complete', 'disk-encryption', 1), ('mail-security', 'mail-server', 1)
    ) AS line (bundle, product, ratio)
    JOIN licensing_bundle b ON b.code = line.bundle
    JOIN licensing_product p ON p.code = line.product
    ON CONFLICT (bundle_id, product_id) DO NOTHING;
"""


def catalogue_ensure() -> None:
    """Make the catalogue where it is missing. Idempotent; a migration has done it already."""
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUE_SQL)
        cursor.execute(TIERS_SQL)
