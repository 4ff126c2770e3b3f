"""What is exchanged is seldom: staff who filter by it are answered by indexes, built anew under names of their own."""

from django.db import migrations, models
from django.db.models import Q

from chassis.storage.migrations import AddIndexBeside, RemoveIndexBeside

SELDOM = ("reverse", "void", "refund", "outside", "exchange", "return")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0031_exchanges_found")]

    operations = [
        AddIndexBeside(
            "gatewayoperation",
            models.Index(fields=["kind", "-id"], condition=Q(kind__in=SELDOM), name="idx_operations_seldom"),
        ),
        AddIndexBeside(
            "transaction",
            models.Index(fields=["kind", "-id"], condition=Q(kind__in=SELDOM), name="idx_transactions_seldom"),
        ),
        AddIndexBeside(
            "transaction",
            models.Index(fields=["-id"], condition=Q(account="exchanged"), name="idx_transactions_exchanged"),
        ),
        RemoveIndexBeside("gatewayoperation", "idx_operations_back"),
        RemoveIndexBeside("transaction", "idx_transactions_back"),
    ]
