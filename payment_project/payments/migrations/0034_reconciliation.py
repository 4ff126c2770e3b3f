"""Our books held against providers' own records, day by day."""

import chassis.ids
import django.db.models.deletion
import payments.reconciliation_models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0033_takings'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reconciliation',
            fields=[
                ('id', models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(max_length=32)),
                ('day', models.DateField(help_text='Of UTC.')),
                ('state', models.CharField(choices=[('asked', 'asked'), ('done', 'done'), ('failed', 'failed')], default='asked', max_length=8)),
                ('after', models.CharField(blank=True, help_text='What the next page of the record comes after.', max_length=128)),
                ('is_read', models.BooleanField(default=False, help_text='Its last page is behind us.')),
                ('moves', models.IntegerField(default=0, help_text='How many there were in the record.')),
                ('failures', models.IntegerField(default=0, help_text='How often the provider did not answer.')),
                ('failure', models.CharField(blank=True, max_length=200)),
                ('requested_by', models.CharField(blank=True, help_text='Empty: the clock.', max_length=150)),
                ('leased_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'reconciliations',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['day', 'provider'], name='idx_reconciliations_day')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', payments.reconciliation_models.RunState['ASKED'])), fields=('provider', 'day'), name='reconciliations_one_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='MovedThere',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('operation_id', models.UUIDField()),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='moved', to='payments.reconciliation')),
            ],
            options={
                'verbose_name_plural': 'moved there',
                'db_table': 'reconciliation_moves',
                'constraints': [models.UniqueConstraint(fields=('run', 'operation_id'), name='reconciliation_moves_once')],
            },
        ),
        migrations.CreateModel(
            name='Difference',
            fields=[
                ('id', models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('provider', models.CharField(max_length=32)),
                ('day', models.DateField(help_text='Of UTC.')),
                ('differs', models.CharField(choices=[('only_at_the_gateway', 'only at the gateway'), ('only_here', 'only here'), ('other_amount', 'other amount'), ('other_state', 'other state')], max_length=24)),
                ('key', models.CharField(help_text="What it is known by: the operation, or the provider's id.", max_length=128)),
                ('kind', models.CharField(help_text='Capture or refund.', max_length=12)),
                ('payment_id', models.UUIDField(help_text='Ours, where there is one.', null=True)),
                ('theirs', models.BigIntegerField(help_text="The amount in the provider's record.", null=True)),
                ('ours', models.BigIntegerField(help_text='The amount in our books.', null=True)),
                ('currency', models.CharField(max_length=3)),
                ('our_state', models.CharField(blank=True, help_text='Of the operation, when it was found.', max_length=12)),
                ('state', models.CharField(choices=[('open', 'open'), ('repaired', 'repaired'), ('noted', 'noted')], default='open', max_length=8)),
                ('note', models.CharField(blank=True, help_text='What was done about it.', max_length=500)),
                ('noted_by', models.CharField(blank=True, max_length=150)),
                ('ended_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('run', models.ForeignKey(help_text='The newest that found it.', on_delete=django.db.models.deletion.PROTECT, related_name='differences', to='payments.reconciliation')),
            ],
            options={
                'db_table': 'reconciliation_differences',
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('state', payments.reconciliation_models.DifferenceState['OPEN'])), fields=['-id'], name='idx_differences_open')],
                'constraints': [models.UniqueConstraint(fields=('provider', 'differs', 'key'), name='reconciliation_differences_once')],
            },
        ),
    ]
