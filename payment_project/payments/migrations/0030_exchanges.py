"""A booking that is exchanged for another one pays it: what of a payment is carried, lent, exchanged and comes back."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q

KINDS = [
    (kind, kind)
    for kind in ("authorise", "reverse", "capture", "void", "refund", "outside", "exchange", "return")
]
ACCOUNTS = [(account, account) for account in ("customer", "authorised", "cash", "outside", "exchanged")]


def zero(help_text):
    return models.BigIntegerField(db_default=0, default=0, help_text=help_text)


class Migration(migrations.Migration):
    dependencies = [("payments", "0027_gift_cards")]

    operations = [
        migrations.AddField(
            "payment",
            "exchange_of",
            models.UUIDField(help_text="The booking that is exchanged for this one.", null=True),
        ),
        migrations.AddField("payment", "exchange_amount", zero("What that one pays.")),
        migrations.AddField(
            "payment",
            "carried_amount",
            zero("Of it, what that one's payment holds for this one, or has paid."),
        ),
        migrations.AddField(
            "payment",
            "lent_amount",
            zero("Captured, and held for a booking in whose exchange this one is to end."),
        ),
        migrations.AddField(
            "payment",
            "exchanged_amount",
            zero("Of what was given back, what pays the booking that this one was exchanged for."),
        ),
        migrations.AddField(
            "payment",
            "to_return_amount",
            zero("Of that, what goes back from here: the other booking was refunded."),
        ),
        migrations.AddField(
            "gatewayoperation",
            "carried_amount",
            zero("What moves of an exchanged booking's payment with it, beside both."),
        ),
        migrations.AddField(
            "receipt",
            "carried_amount",
            zero("Of the total, what a booking paid that was exchanged for it."),
        ),
        migrations.AlterField(
            "payment",
            "under_way",
            models.CharField(
                blank=True,
                choices=KINDS,
                db_default="",
                default="",
                help_text="What the gateway was asked and has not answered yet.",
                max_length=12,
            ),
        ),
        migrations.AlterField("gatewayoperation", "kind", models.CharField(choices=KINDS, max_length=12)),
        migrations.AlterField("transaction", "kind", models.CharField(choices=KINDS, max_length=12)),
        migrations.AlterField("transaction", "account", models.CharField(choices=ACCOUNTS, max_length=12)),
        AddConstraintNotValid(
            "payment",
            models.CheckConstraint(
                condition=Q(carried_amount__gte=0, amount__gte=F("carried_amount") + F("gift_amount"))
                & Q(lent_amount__gte=0, captured_amount__gte=F("refunded_amount") + F("lent_amount"))
                & Q(exchanged_amount__gte=F("to_return_amount"), exchanged_amount__lte=F("refunded_amount"))
                & Q(to_return_amount__gte=0),
                name="payments_exchange_within_the_amount",
            ),
        ),
        migrations.RemoveConstraint("gatewayoperation", "operations_move_something"),
        AddConstraintNotValid(
            "gatewayoperation",
            models.CheckConstraint(
                condition=Q(amount__gte=0, gift_amount__gte=0, carried_amount__gte=0)
                & Q(amount__gt=-F("gift_amount") - F("carried_amount")),
                name="operations_move_any_part",
            ),
        ),
    ]
