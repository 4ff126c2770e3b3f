"""What was taken by day, added up from receipts, credit notes and the fees that were kept."""

import chassis.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0032_seldom_kinds'),
    ]

    operations = [
        migrations.CreateModel(
            name='TakingsSeries',
            fields=[
                ('theater_id', models.UUIDField(primary_key=True, serialize=False)),
                ('position', models.BigIntegerField(help_text='Of the last receipt that is in the takings.')),
                ('theater_name', models.CharField(blank=True, max_length=200)),
                ('time_zone', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'verbose_name_plural': 'takings series',
                'db_table': 'takings_series',
            },
        ),
        migrations.CreateModel(
            name='Takings',
            fields=[
                ('id', models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField(help_text="The theater's, on which money was captured or went back.")),
                ('theater_id', models.UUIDField()),
                ('film', models.CharField(blank=True, help_text='Its title as it was sold.', max_length=200)),
                ('ticket_type', models.CharField(blank=True, help_text='Its code; empty: of no ticket in particular.', max_length=64)),
                ('currency', models.CharField(max_length=3)),
                ('type_name', models.CharField(blank=True, help_text='What the newest receipt calls the type.', max_length=200)),
                ('tickets', models.BigIntegerField(db_default=0, default=0, help_text='Sold.')),
                ('returned', models.BigIntegerField(db_default=0, default=0, help_text='Tickets whose money went back.')),
                ('gross', models.BigIntegerField(db_default=0, default=0, help_text='Of receipts: reductions taken off, tax included.')),
                ('refunds', models.BigIntegerField(db_default=0, default=0, help_text='Of credit notes, above zero.')),
                ('tax', models.BigIntegerField(db_default=0, default=0, help_text='Of receipts, less that of credit notes.')),
                ('reductions', models.BigIntegerField(db_default=0, default=0, help_text='Taken off prices, less that of credit notes.')),
                ('gift', models.BigIntegerField(db_default=0, default=0, help_text='Of gross less refunds, what gift cards paid.')),
                ('kept', models.BigIntegerField(db_default=0, default=0, help_text='Of gross, what stayed when a booking was cancelled or seats were given back.')),
            ],
            options={
                'verbose_name_plural': 'takings',
                'db_table': 'takings',
                'constraints': [models.UniqueConstraint(fields=('day', 'theater_id', 'film', 'ticket_type', 'currency'), name='takings_once')],
            },
        ),
        migrations.CreateModel(
            name='TakingsCode',
            fields=[
                ('id', models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('theater_id', models.UUIDField()),
                ('code', models.CharField(max_length=64)),
                ('currency', models.CharField(max_length=3)),
                ('name', models.CharField(max_length=200)),
                ('uses', models.BigIntegerField(db_default=0, default=0, help_text='Receipts that it is on.')),
                ('amount', models.BigIntegerField(db_default=0, default=0, help_text='Taken off, less what came off of what went back.')),
            ],
            options={
                'db_table': 'takings_codes',
                'constraints': [models.UniqueConstraint(fields=('day', 'theater_id', 'code', 'currency'), name='takings_codes_once')],
            },
        ),
        migrations.CreateModel(
            name='FeeKept',
            fields=[
                ('id', models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('amount', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('is_summed', models.BooleanField(db_default=False, default=False)),
                ('created_at', models.DateTimeField(help_text='When it was known, which is its day.')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='fees_kept', to='payments.payment')),
            ],
            options={
                'verbose_name_plural': 'fees kept',
                'db_table': 'fees_kept',
                'indexes': [models.Index(condition=models.Q(('is_summed', False)), fields=['id'], name='idx_fees_kept_unsummed')],
            },
        ),
    ]
