from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0030_guest_claims")]

    operations = [
        migrations.AddField(
            "bookingseat",
            "refund_amount",
            models.BigIntegerField(help_text="What goes back of its price, or went; minor units.", null=True),
        ),
        migrations.AddField(
            "bookingseat",
            "refunded_at",
            models.DateTimeField(help_text="When payment told that this went back.", null=True),
        ),
    ]
