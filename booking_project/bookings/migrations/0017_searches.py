"""Staff find showtimes by a part of their film's title."""

from django.db import migrations

from chassis.storage.indexes import by_part_of
from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0016_unpaid_holds"), ("chassis", "0003_answers")]

    operations = [
        AddIndexBeside("showtime", by_part_of("movie_title", name="showtimes_by_part_of_title")),
    ]
