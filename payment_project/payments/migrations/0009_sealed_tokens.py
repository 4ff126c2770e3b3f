"""Tokens of saved cards are sealed, and unique by a keyed digest. Back again they lie open, as they did.

Wider columns rewrite nothing. The indexes are built beside the traffic; what an earlier try has left is built anew.
For the moments in which processes of the version before still run, they take a sealed token for one that the gateway
does not know: a saved card is declined then, and another way to pay may be chosen.
"""

from django.db import migrations, models

from payments import vault

AT_ONCE = 1000
FORWARDS = [
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
    "DROP INDEX CONCURRENTLY IF EXISTS payment_methods_digest_once",
    "CREATE UNIQUE INDEX CONCURRENTLY payment_methods_digest_once ON payment_methods (provider, token_digest)"
    " WHERE token_digest <> ''",
    "DROP INDEX CONCURRENTLY IF EXISTS idx_payment_methods_sealed_by",
    "CREATE INDEX CONCURRENTLY idx_payment_methods_sealed_by ON payment_methods (sealed_by)",
    "RESET lock_timeout",
    "RESET statement_timeout",
    "ALTER TABLE payment_methods DROP CONSTRAINT IF EXISTS payment_methods_card_once",
]
BACKWARDS = [
    "DROP INDEX idx_payment_methods_sealed_by",
    "DROP INDEX payment_methods_digest_once",
    "ALTER TABLE payment_methods ADD CONSTRAINT payment_methods_card_once UNIQUE (provider, gateway_token)",
]


def seal(apps, schema_editor):
    methods = apps.get_model("payments", "PaymentMethod").objects.using(schema_editor.connection.alias)
    while batch := list(methods.filter(token_digest="")[:AT_ONCE]):
        for method in batch:
            token = vault.opened(method.gateway_token)
            method.gateway_token, method.sealed_by = vault.sealed(token), vault.key_name()
            method.token_digest = vault.digests(token)[0]
        methods.bulk_update(batch, ["gateway_token", "sealed_by", "token_digest"])


def unseal(apps, schema_editor):
    methods = apps.get_model("payments", "PaymentMethod").objects.using(schema_editor.connection.alias)
    while batch := list(methods.exclude(token_digest="")[:AT_ONCE]):
        for method in batch:
            method.gateway_token, method.sealed_by = vault.opened(method.gateway_token), ""
            method.token_digest = ""
        methods.bulk_update(batch, ["gateway_token", "sealed_by", "token_digest"])


def unseal_operations(apps, schema_editor):
    operations = apps.get_model("payments", "GatewayOperation").objects.using(schema_editor.connection.alias)
    for operation in operations.filter(state__in=["pending", "reversing"]).exclude(payment_token=""):
        operations.filter(id=operation.id).update(payment_token=vault.opened(operation.payment_token))


class Migration(migrations.Migration):
    beside_traffic = "of the time before the first release, when no table was large"
    atomic = False
    dependencies = [("payments", "0008_second_person")]

    operations = [
        migrations.AlterField(
            "gatewayoperation",
            "payment_token",
            models.CharField(blank=True, help_text="Sealed, until the outcome is known.", max_length=512),
        ),
        migrations.RunPython(migrations.RunPython.noop, unseal_operations),
        migrations.AlterField("paymentmethod", "gateway_token", models.CharField(help_text="Sealed.", max_length=512)),
        migrations.AddField(
            "paymentmethod",
            "token_digest",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Finds the token again under a key of ours.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            "paymentmethod",
            "sealed_by",
            models.CharField(
                blank=True, db_default="", default="", help_text="Names the key it is sealed with.", max_length=16
            ),
        ),
        migrations.RunSQL(
            FORWARDS,
            BACKWARDS,
            state_operations=[
                migrations.RemoveConstraint("paymentmethod", "payment_methods_card_once"),
                migrations.AddConstraint(
                    "paymentmethod",
                    models.UniqueConstraint(
                        condition=~models.Q(token_digest=""),
                        fields=("provider", "token_digest"),
                        name="payment_methods_digest_once",
                    ),
                ),
                migrations.AddIndex(
                    "paymentmethod", models.Index(fields=["sealed_by"], name="idx_payment_methods_sealed_by")
                ),
            ],
        ),
        migrations.RunPython(seal, unseal),
    ]
