"""Payments that were captured without a receipt are found: an update leaves some for a moment."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0016_receipts")]

    operations = [
        ValidateConstraint("payment", "payments_amount_not_negative"),
        AddIndexBeside(
            "payment",
            models.Index(
                fields=["id"],
                condition=Q(captured_at__isnull=False) & ~Q(sale={}),
                name="idx_payments_without_receipt",
            ),
        ),
    ]
