"""All of staff who changed an account's address of late, in the place of the last one.

The two columns stay in the database until the processes of the release before, which write them, are gone.
"""

from django.db import migrations, models

KEPT = """
INSERT INTO address_changes (user_id, changed_by, changed_at)
SELECT user_id, email_changed_by, email_changed_at FROM customers
WHERE email_changed_by IS NOT NULL AND email_changed_at > now() - interval '1 day'
"""


class Migration(migrations.Migration):
    beside_traffic = "of the time before the first release, when no table was large"
    dependencies = [("bookings", "0010_card")]

    operations = [
        migrations.CreateModel(
            "AddressChange",
            [
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "user_id", "changed_by", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("user_id", models.UUIDField()),
                ("changed_by", models.UUIDField()),
                ("changed_at", models.DateTimeField(db_index=True)),
            ],
            options={"db_table": "address_changes"},
        ),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField("customer", "email_changed_by"),
                migrations.RemoveField("customer", "email_changed_at"),
            ]
        ),
    ]
