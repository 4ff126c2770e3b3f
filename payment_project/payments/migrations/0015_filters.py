"""What staff filter by has an index of those that are seldom so: they would else be looked for among all there are."""

from django.db import migrations, models
from django.db.models import Q

from chassis.storage.migrations import AddIndexBeside

BACKWARDS = ("reverse", "void", "refund")
USUAL = ("pending", "reversing", "succeeded")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0014_swept_often")]

    operations = [
        AddIndexBeside(
            "payment",
            models.Index(
                fields=["booking_state", "-id"], condition=~Q(booking_state="confirmed"), name="idx_payments_not_confirmed"
            ),
        ),
        AddIndexBeside(
            "payment", models.Index(fields=["under_way", "-id"], condition=~Q(under_way=""), name="idx_payments_under_way")
        ),
        AddIndexBeside(
            "gatewayoperation",
            models.Index(fields=["state", "-id"], condition=~Q(state__in=USUAL), name="idx_operations_state"),
        ),
        AddIndexBeside(
            "gatewayoperation",
            models.Index(fields=["kind", "-id"], condition=Q(kind__in=BACKWARDS), name="idx_operations_backwards"),
        ),
        AddIndexBeside(
            "transaction",
            models.Index(fields=["kind", "-id"], condition=Q(kind__in=BACKWARDS), name="transactions_backwards"),
        ),
        AddIndexBeside("paymentmethod", models.Index(fields=["last4", "-id"], name="idx_payment_methods_last4")),
    ]
