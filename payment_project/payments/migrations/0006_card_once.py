"""A token is unique with its provider: two of them may give out the same one.

The index is built beside the traffic, and waits for whoever looks at the table: for that long the limits of a service's
connections do not hold. What an earlier try has left is taken up where it ended.
"""

from django.db import migrations, models

FORWARDS = [
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
    "ALTER TABLE payment_methods DROP CONSTRAINT IF EXISTS payment_methods_card_once",
    "DROP INDEX CONCURRENTLY IF EXISTS payment_methods_card_once",
    "CREATE UNIQUE INDEX CONCURRENTLY payment_methods_card_once ON payment_methods (provider, gateway_token)",
    "RESET lock_timeout",
    "RESET statement_timeout",
    "ALTER TABLE payment_methods ADD CONSTRAINT payment_methods_card_once UNIQUE USING INDEX payment_methods_card_once,"
    " DROP CONSTRAINT IF EXISTS payment_methods_token_once",
]
BACKWARDS = [
    "ALTER TABLE payment_methods DROP CONSTRAINT payment_methods_card_once,"
    " ADD CONSTRAINT payment_methods_token_once UNIQUE (gateway_token)",
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0005_provider")]

    operations = [
        migrations.RunSQL(
            FORWARDS,
            BACKWARDS,
            state_operations=[
                migrations.RemoveConstraint("paymentmethod", "payment_methods_token_once"),
                migrations.AddConstraint(
                    "paymentmethod",
                    models.UniqueConstraint(
                        fields=("provider", "gateway_token"), name="payment_methods_card_once"
                    ),
                ),
            ],
        )
    ]
