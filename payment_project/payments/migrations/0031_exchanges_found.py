"""The payment of what a booking was exchanged for is found by that booking."""

from django.db import migrations, models
from django.db.models import Q

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0030_exchanges")]

    operations = [
        AddIndexBeside(
            "payment",
            models.Index(fields=["exchange_of"], condition=Q(exchange_of__isnull=False), name="idx_payments_exchange"),
        ),
    ]
