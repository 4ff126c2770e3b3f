"""Money that goes back though the card gateway has refused it: how, and what it is found by.

What goes backwards is one kind more, so its indexes are built anew, under names of their own.
"""

from django.db import migrations, models
from django.db.models import Q

from chassis.storage.migrations import AddIndexBeside, RemoveIndexBeside

BACKWARDS = ("reverse", "void", "refund", "outside")
KINDS = [(kind, kind) for kind in ("authorise", "reverse", "capture", "void", "refund", "outside")]
WAYS = [("cash", "cash"), ("bank_transfer", "bank transfer"), ("other", "other"), ("provider", "provider")]
ACCOUNTS = [(account, account) for account in ("customer", "authorised", "cash", "outside")]


def blank(max_length, help_text, choices=None):
    return models.CharField(
        blank=True, choices=choices, db_default="", default="", help_text=help_text, max_length=max_length
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0017_without_receipt")]

    operations = [
        migrations.AlterModelOptions(
            "payment",
            {
                "ordering": ["-id"],
                "permissions": [
                    ("refund_payment", "Can give money back"),
                    ("give_outside_payment", "Can record money that was given back outside of the card gateway"),
                ],
            },
        ),
        migrations.AlterField(
            "payment", "under_way", blank(12, "What the gateway was asked and has not answered yet.", KINDS)
        ),
        migrations.AlterField("gatewayoperation", "kind", models.CharField(choices=KINDS, max_length=12)),
        migrations.AlterField("transaction", "kind", models.CharField(choices=KINDS, max_length=12)),
        migrations.AlterField("transaction", "account", models.CharField(choices=ACCOUNTS, max_length=12)),
        migrations.AddField(
            "refund", "outside", blank(16, "How, where the card gateway had refused to give it back.", WAYS)
        ),
        migrations.AddField("refund", "reference", blank(64, "What it is found by in the books of the till, the bank or the provider.")),
        AddIndexBeside(
            "gatewayoperation",
            models.Index(fields=["kind", "-id"], condition=Q(kind__in=BACKWARDS), name="idx_operations_back"),
        ),
        AddIndexBeside(
            "transaction",
            models.Index(fields=["kind", "-id"], condition=Q(kind__in=BACKWARDS), name="idx_transactions_back"),
        ),
        RemoveIndexBeside("gatewayoperation", "idx_operations_backwards"),
        RemoveIndexBeside("transaction", "transactions_backwards"),
    ]
