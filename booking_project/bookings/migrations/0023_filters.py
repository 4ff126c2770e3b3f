"""What staff filter by has an index of those that are seldom so: they would else be looked for among all there are."""

from django.db import migrations, models
from django.db.models import Q

from chassis.storage.migrations import AddIndexBeside

ENDED = ("CANCELLED", "EXPIRED", "REJECTED", "FAILED")
MONEY_ENDED = ("declined", "failed", "voided", "refunded", "partially_refunded")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0022_seats_forgotten")]

    operations = [
        AddIndexBeside(
            "showtime", models.Index(fields=["theater_name", "-starts_at"], name="showtimes_by_theater_name")
        ),
        AddIndexBeside(
            "showtime", models.Index(fields=["-starts_at"], condition=Q(status="cancelled"), name="showtimes_cancelled")
        ),
        AddIndexBeside(
            "booking", models.Index(fields=["status", "-id"], condition=Q(status__in=ENDED), name="bookings_ended")
        ),
        AddIndexBeside(
            "booking",
            models.Index(
                fields=["payment_status", "-id"],
                condition=Q(payment_status__in=MONEY_ENDED),
                name="bookings_money_ended",
            ),
        ),
    ]
