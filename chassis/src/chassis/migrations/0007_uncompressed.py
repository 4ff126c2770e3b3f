"""Events and answers are kept as they are written; the partitions of events for themselves, they have it from no table."""

from django.db import migrations, models

PARTITIONS = """
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'outbox'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160)', part);
    END LOOP;
END $$
"""
PARTITIONS_BACK = PARTITIONS.replace("SET (toast_tuple_target = 8160)", "RESET (toast_tuple_target)")


class Migration(migrations.Migration):
    dependencies = [("chassis", "0006_heard_events")]

    operations = [
        migrations.RunSQL(PARTITIONS, PARTITIONS_BACK),
        migrations.RunSQL(
            "ALTER TABLE idempotency_keys SET (toast_tuple_target = 8160)",
            "ALTER TABLE idempotency_keys RESET (toast_tuple_target)",
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="response",
            field=models.JSONField(null=True, help_text="Of answers of before; `content` has it since."),
        ),
    ]
