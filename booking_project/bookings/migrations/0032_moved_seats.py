"""A showtime moves to another screen: its bookings get seats there, and the seats that were sold stay known."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0031_seats_given_back_by_customers")]

    operations = [
        migrations.AddField(
            "showtime",
            "screen_since",
            models.BigIntegerField(
                db_default=0, editable=False, help_text="The revision that brought it into this screen; 0: the first."
            ),
        ),
        migrations.AddField(
            "showtime",
            "reseat_due",
            models.BooleanField(
                db_default=False,
                editable=False,
                help_text="Its bookings have seats of another screen still: nothing is sold.",
            ),
        ),
        migrations.AddField(
            "booking",
            "seated_revision",
            models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="Of the move that brought its seats, and tickets that say so; 0: as sold.",
            ),
        ),
        migrations.AddField(
            "bookingseat",
            "moved_to",
            models.UUIDField(null=True, help_text="The seat of the screen that its showtime moved to."),
        ),
        migrations.AddField(
            "bookingseat",
            "seat_before",
            models.TextField(
                db_default="", help_text="What its customer still calls it, who was not told yet that it is another."
            ),
        ),
        AddIndexBeside(
            "showtime", models.Index(condition=models.Q(reseat_due=True), fields=["id"], name="showtimes_to_reseat")
        ),
        AddIndexBeside(
            "booking",
            models.Index(condition=models.Q(seated_revision__gt=0), fields=["showtime"], name="bookings_reseated"),
        ),
    ]
