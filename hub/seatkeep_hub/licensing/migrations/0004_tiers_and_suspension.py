"""Tiers of the catalogue, suspension in its three ways, trials, and the bundle in each line of the ledger."""

import django.db.models.deletion
from django.db import migrations, models

from seatkeep_hub.licensing.catalogue import TIERS_SQL

SUSPENDED_ALL_WAYS = """
UPDATE licensing_license
SET billing_stopped_at = suspended_at, frozen_at = suspended_at, protection_stops_at = suspended_at,
    is_protection_stopped = true
WHERE suspended_at IS NOT NULL;
"""
"""What "suspended" meant until now."""

BUNDLE_OF_ENTRIES = """
ALTER TABLE licensing_licenseentry DISABLE TRIGGER license_entry_only_grows;
UPDATE licensing_licenseentry e SET bundle_id = l.bundle_id FROM licensing_license l WHERE l.id = e.license_id;
ALTER TABLE licensing_licenseentry ENABLE TRIGGER license_entry_only_grows;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('companies', '0002_feed_seats'),
        ('licensing', '0003_fewer_indexes'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='licenseentry',
            name='license_entry_kind_known',
        ),
        migrations.AddField(
            model_name='bundle',
            name='is_offered',
            field=models.BooleanField(db_default=True, default=True, verbose_name='can be ordered'),
        ),
        migrations.AddField(
            model_name='bundle',
            name='tier',
            field=models.PositiveSmallIntegerField(db_default=1, default=1, help_text='A license moves up or down between tiers of one category.', verbose_name='tier'),
        ),
        migrations.AddField(
            model_name='license',
            name='billing_stopped_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='billing stopped at'),
        ),
        migrations.AddField(
            model_name='license',
            name='frozen_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='changes frozen at'),
        ),
        migrations.AddField(
            model_name='license',
            name='is_protection_stopped',
            field=models.BooleanField(db_default=False, default=False, verbose_name='protection stopped'),
        ),
        migrations.AddField(
            model_name='license',
            name='protection_stops_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='protection stops at'),
        ),
        migrations.AddField(
            model_name='license',
            name='trial_extensions',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='trial extended'),
        ),
        migrations.AddField(
            model_name='licenseentry',
            name='bundle',
            field=models.ForeignKey(help_text='What it held from then on.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='licensing.bundle'),
        ),
        migrations.AlterField(
            model_name='licenseentry',
            name='kind',
            field=models.CharField(choices=[('ORDER', 'Ordered'), ('QUANTITY', 'Seats changed'), ('AUTO_GROW', 'Seats grown by themselves'), ('SUSPEND', 'Billing stopped'), ('UNSUSPEND', 'Billing goes on'), ('FREEZE', 'Changes frozen'), ('UNFREEZE', 'Changes possible again'), ('STOP', 'Protection stopped'), ('RESUME', 'Protection resumed'), ('OVERUSE', 'Rule for too many computers changed'), ('KEY_ROTATE', 'Key changed'), ('CANCEL', 'Cancelled'), ('CONVERT', 'Converted to full'), ('EXTEND', 'Trial extended'), ('UPGRADE', 'Upgraded'), ('DOWNGRADE', 'Downgraded')], max_length=10, verbose_name='what'),
        ),
        migrations.AddConstraint(
            model_name='licenseentry',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['ORDER', 'QUANTITY', 'AUTO_GROW', 'SUSPEND', 'UNSUSPEND', 'FREEZE', 'UNFREEZE', 'STOP', 'RESUME', 'OVERUSE', 'KEY_ROTATE', 'CANCEL', 'CONVERT', 'EXTEND', 'UPGRADE', 'DOWNGRADE'])), name='license_entry_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='poolnode',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'SITE')), fields=('parent', 'name'), name='pool_node_site_name'),
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(SUSPENDED_ALL_WAYS, migrations.RunSQL.noop),
        migrations.RunSQL(BUNDLE_OF_ENTRIES, migrations.RunSQL.noop),
        migrations.RunSQL(TIERS_SQL, migrations.RunSQL.noop),
    ]
