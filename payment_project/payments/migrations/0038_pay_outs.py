"""What the counter hands over by hand, and who of staff has."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

TO_HAND_OVER = Q(provider__in=["cash", "terminal"]) & (
    Q(kind__in=("void", "refund", "return"), state="succeeded") | Q(state="reversed")
)


class Migration(migrations.Migration):
    dependencies = [("payments", "0037_theater")]

    operations = [
        migrations.CreateModel(
            "PayOut",
            fields=[],
            options={
                "proxy": True,
                "ordering": ["-id"],
                "verbose_name": "pay-out at the till",
                "verbose_name_plural": "pay-outs at the till",
                "indexes": [],
                "constraints": [],
            },
            bases=("payments.gatewayoperation",),
        ),
        migrations.AddField(
            "gatewayoperation",
            "paid_out_at",
            models.DateTimeField(help_text="Null: nobody has said that they handed it over.", null=True),
        ),
        migrations.AddField(
            "gatewayoperation",
            "paid_out_by",
            models.CharField(
                blank=True, db_default="", default="", help_text="Who of staff handed it over.", max_length=150
            ),
        ),
        migrations.AddField(
            "gatewayoperation",
            "paid_out_by_id",
            models.UUIDField(help_text="Their account at auth.", null=True),
        ),
        migrations.AddField(
            "gatewayoperation",
            "till",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Where it was handed over, if that was told.",
                max_length=64,
            ),
        ),
        AddConstraintNotValid(
            "gatewayoperation",
            models.CheckConstraint(
                condition=Q(paid_out_at=None) | TO_HAND_OVER, name="operations_paid_out_at_the_till"
            ),
        ),
    ]
