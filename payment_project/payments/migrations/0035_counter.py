"""Money that staff take at the counter: how it was paid stands on receipts, and is added up in the takings."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0034_reconciliation")]

    operations = [
        migrations.AddField(
            "receipt",
            "counter",
            models.JSONField(
                null=True,
                help_text="Where staff sold it at the counter: how it was paid, and who sold it (lines.AtTheCounter).",
            ),
        ),
        migrations.AddField(
            "takings",
            "cash",
            models.BigIntegerField(
                default=0, db_default=0, help_text="Of gross less refunds, what was paid in cash at the counter."
            ),
        ),
        migrations.AddField(
            "takings",
            "terminal",
            models.BigIntegerField(
                default=0,
                db_default=0,
                help_text="Of gross less refunds, what was paid by the card machine at the counter.",
            ),
        ),
        migrations.AlterField(
            "transaction",
            "account",
            models.CharField(
                max_length=12,
                choices=[
                    ("customer", "customer"),
                    ("authorised", "authorised"),
                    ("cash", "cash"),
                    ("outside", "outside"),
                    ("exchanged", "exchanged"),
                    ("till", "till"),
                    ("terminal", "terminal"),
                ],
            ),
        ),
    ]
