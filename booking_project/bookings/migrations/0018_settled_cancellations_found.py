"""The tick finds the cancellations that may still have an open booking, and those bookings, by indexes."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside, RemoveIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0017_searches")]

    operations = [
        AddIndexBeside(
            "showtime",
            models.Index(
                condition=models.Q(status="cancelled", settled_at=None),
                fields=["swept_at"],
                name="showtimes_to_settle",
            ),
        ),
        RemoveIndexBeside("showtime", "showtimes_cancelled"),
        AddIndexBeside(
            "booking", models.Index(fields=["showtime", "status"], name="idx_bookings_showtime_status")
        ),
        RemoveIndexBeside("booking", "idx_bookings_showtime_id"),
    ]
