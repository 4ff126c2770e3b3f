"""A move is looked at when its turn comes: the tick finds those, and then what is to be told of each, by indexes."""

from django.db import migrations, models
from django.db.models.functions import Now

from chassis.storage.migrations import AddIndexBeside, RemoveIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0027_use_promo_code")]

    operations = [
        migrations.AddField(
            "showtimemove",
            "due_at",
            models.DateTimeField(db_default=Now(), help_text="When it is looked at next."),
        ),
        AddIndexBeside(
            "showtimemove",
            models.Index(condition=models.Q(settled_at=None), fields=["due_at"], name="showtime_moves_due"),
        ),
        RemoveIndexBeside("showtimemove", "showtime_moves_to_tell"),
    ]
