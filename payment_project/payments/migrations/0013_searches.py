"""What staff look up is found by an index."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0012_fee_told")]

    operations = [
        AddIndexBeside("payment", models.Index(fields=["booking_reference"], name="idx_payments_reference")),
        AddIndexBeside("gatewayoperation", models.Index(fields=["result"], name="idx_operations_result")),
    ]
