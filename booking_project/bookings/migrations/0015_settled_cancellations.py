"""Cancellations are settled, as moves are: the tick looks at those that may still have an open booking."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside, RemoveIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0014_staff_pages")]

    operations = [
        migrations.AddField(
            "showtime",
            "swept_at",
            models.DateTimeField(
                editable=False, help_text="When it was cancelled and had no open booking any more.", null=True
            ),
        ),
        migrations.AddField(
            "showtime",
            "settled_at",
            models.DateTimeField(
                editable=False, help_text="When it was cancelled and could not get one any more.", null=True
            ),
        ),
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
