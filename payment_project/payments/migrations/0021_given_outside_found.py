"""Staff filter the ledger by what the house gave back itself, which little of it is."""

from django.db import migrations, models
from django.db.models import Q

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0020_guest_claims")]

    operations = [
        AddIndexBeside(
            "transaction",
            models.Index(fields=["-id"], condition=Q(account="outside"), name="idx_transactions_outside"),
        ),
    ]
