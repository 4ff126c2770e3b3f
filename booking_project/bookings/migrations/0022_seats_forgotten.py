"""Seats of showtimes that are over are found by an index, and go; those of the others have room to be sold in.

A seat is sold where it was held, beside its row: no index changes, and what it was goes with the next look at the page.
"""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0021_partitions")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE seat_status SET (fillfactor = 70)", "ALTER TABLE seat_status RESET (fillfactor)"
        ),
        migrations.AddField(
            "showtime",
            "seats_forgotten_at",
            models.DateTimeField(
                editable=False, help_text="When it was over, and its seats were not counted any more.", null=True
            ),
        ),
        AddIndexBeside(
            "showtime",
            models.Index(
                condition=models.Q(seats_forgotten_at=None), fields=["ends_at"], name="showtimes_to_forget"
            ),
        ),
    ]
