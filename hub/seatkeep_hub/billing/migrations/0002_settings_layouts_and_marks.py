"""Billing settings, corrections that wait, export layouts and sent marks; each price list gets the clock it had."""

import django.contrib.postgres.fields
import django.db.models.deletion
import seatkeep_webkit.ids
from django.db import migrations, models

CLOCKS = """
INSERT INTO agreements_dayclock (seller_id, buyer_id, valid_from_on, time_zone, cut_off)
    SELECT seller_id, buyer_id, valid_from_on, '', '00:00' FROM billing_pricelist ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0001_initial'),
        ('companies', '0002_feed_seats'),
        ('agreements', '0003_day_clock'),
    ]

    operations = [
        migrations.AddField(
            model_name='statementline',
            name='enterer',
            field=models.CharField(blank=True, db_default='', default='', max_length=200, verbose_name='entered by'),
        ),
        migrations.CreateModel(
            name='StatementSending',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=seatkeep_webkit.ids.new_uid, editable=False, unique=True, verbose_name='id')),
                ('sent_to', models.CharField(max_length=100, verbose_name='sent to')),
                ('layout', models.CharField(blank=True, help_text='Its name at that time.', max_length=100, verbose_name='layout')),
                ('is_again', models.BooleanField(default=False, verbose_name='sent once more')),
                ('sender', models.CharField(max_length=200, verbose_name='by')),
                ('sent_at', models.DateTimeField(verbose_name='when')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sendings', to='billing.statement')),
            ],
            options={
                'verbose_name': 'sent mark',
                'verbose_name_plural': 'sent marks',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='BillingSettings',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('is_second_person_needed', models.BooleanField(default=False, verbose_name='a second person approves corrections')),
                ('is_draft_mail_sent', models.BooleanField(default=True, verbose_name='mail when drafts are ready')),
                ('letterhead', models.CharField(blank=True, help_text='Below the logo.', max_length=300, verbose_name='letterhead')),
                ('logo', models.BinaryField(blank=True, default=b'', verbose_name='logo')),
                ('logo_type', models.CharField(blank=True, choices=[('', 'None'), ('image/png', 'PNG'), ('image/svg+xml', 'SVG')], default='', max_length=13)),
                ('updated_at', models.DateTimeField(verbose_name='changed at')),
                ('seller', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='companies.company', verbose_name='seller')),
            ],
            options={
                'verbose_name': 'billing settings',
                'verbose_name_plural': 'billing settings',
                'constraints': [models.CheckConstraint(condition=models.Q(('logo_type__in', ['', 'image/png', 'image/svg+xml'])), name='billing_settings_logo_type_known'), models.CheckConstraint(condition=models.Q(models.Q(('logo', b''), ('logo_type', '')), models.Q(models.Q(('logo_type', ''), _negated=True), models.Q(('logo', b''), _negated=True)), _connector='OR'), name='billing_settings_logo_has_type')],
            },
        ),
        migrations.CreateModel(
            name='CorrectionRequest',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=seatkeep_webkit.ids.new_uid, editable=False, unique=True, verbose_name='id')),
                ('amount_minor', models.BigIntegerField(verbose_name='amount')),
                ('reason', models.CharField(max_length=500, verbose_name='reason')),
                ('enterer', models.CharField(max_length=200, verbose_name='entered by')),
                ('enterer_id', models.CharField(help_text='Who it is, whatever the name becomes.', max_length=200)),
                ('created_at', models.DateTimeField(verbose_name='entered at')),
                ('state', models.CharField(choices=[('WAITING', 'Waiting'), ('APPROVED', 'Approved'), ('REJECTED', 'Rejected')], default='WAITING', max_length=8, verbose_name='state')),
                ('decider', models.CharField(blank=True, max_length=200, verbose_name='decided by')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided at')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='correction_requests', to='billing.statementline')),
                ('made', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='request', to='billing.statementline')),
            ],
            options={
                'verbose_name': 'correction to approve',
                'verbose_name_plural': 'corrections to approve',
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['WAITING', 'APPROVED', 'REJECTED'])), name='correction_request_state_known'), models.CheckConstraint(condition=models.Q(('amount_minor', 0), _negated=True), name='correction_request_amount'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'WAITING')), models.Q(models.Q(('state', 'WAITING'), _negated=True), models.Q(('decider', ''), _negated=True)), _connector='OR'), name='correction_request_decided_by_somebody')],
            },
        ),
        migrations.CreateModel(
            name='ExportLayout',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=seatkeep_webkit.ids.new_uid, editable=False, unique=True, verbose_name='id')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('columns', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), help_text='In their order.', size=None, verbose_name='columns')),
                ('item_codes', models.JSONField(default=dict, help_text='By product code.', verbose_name='item codes')),
                ('separator', models.CharField(choices=[(',', 'Comma'), (';', 'Semicolon'), ('\t', 'Tab'), ('|', 'Vertical bar')], default=',', max_length=1, verbose_name='between cells')),
                ('decimal_mark', models.CharField(choices=[('.', 'Point: 1234.50'), (',', 'Comma: 1234,50')], default='.', max_length=1, verbose_name='decimals')),
                ('date_format', models.CharField(choices=[('%Y-%m-%d', '2026-10-31'), ('%d.%m.%Y', '31.10.2026'), ('%d/%m/%Y', '31/10/2026'), ('%m/%d/%Y', '10/31/2026'), ('%Y%m%d', '20261031')], default='%Y-%m-%d', max_length=10, verbose_name='days as')),
                ('has_heading', models.BooleanField(default=True, verbose_name='a first line with headings')),
                ('has_mark', models.BooleanField(default=True, verbose_name='byte order mark, which Excel needs')),
                ('created_at', models.DateTimeField(verbose_name='since')),
                ('updated_at', models.DateTimeField(verbose_name='changed at')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='companies.company', verbose_name='seller')),
            ],
            options={
                'verbose_name': 'export layout',
                'verbose_name_plural': 'export layouts',
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(fields=('seller', 'name'), name='export_layout_name_once'), models.CheckConstraint(condition=models.Q(('separator__in', [',', ';', '\t', '|'])), name='export_layout_separator_known'), models.CheckConstraint(condition=models.Q(('decimal_mark__in', ['.', ','])), name='export_layout_decimal_mark_known'), models.CheckConstraint(condition=models.Q(('date_format__in', ['%Y-%m-%d', '%d.%m.%Y', '%d/%m/%Y', '%m/%d/%Y', '%Y%m%d'])), name='export_layout_date_known'), models.CheckConstraint(condition=models.Q(('columns__len__gte', 1)), name='export_layout_has_columns')],
            },
        ),
        migrations.RunSQL(CLOCKS, migrations.RunSQL.noop),
    ]
