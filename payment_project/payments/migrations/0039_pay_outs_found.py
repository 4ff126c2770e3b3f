"""What is owed at the till is read off an index; so is what was handed over there."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

from chassis.storage.migrations import AddIndexBeside

TO_HAND_OVER = Q(provider__in=["cash", "terminal"]) & (
    Q(kind__in=("void", "refund", "return"), state="succeeded") | Q(state="reversed")
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0038_pay_outs")]

    operations = [
        ValidateConstraint("gatewayoperation", "operations_paid_out_at_the_till"),
        AddIndexBeside(
            "gatewayoperation",
            models.Index(fields=["-id"], condition=TO_HAND_OVER & Q(paid_out_at=None), name="idx_operations_owed"),
        ),
        AddIndexBeside(
            "gatewayoperation",
            models.Index(
                fields=["-id"], condition=TO_HAND_OVER & Q(paid_out_at__isnull=False), name="idx_operations_paid_out"
            ),
        ),
    ]
