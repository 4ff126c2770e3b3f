"""References are looked up whole: of the two indexes that Django makes of a unique text, the one for prefixes goes."""

from django.db import migrations

NAME = "bookings_reference_2af8917e_like"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0019_swept_often")]

    operations = [
        migrations.RunSQL(
            f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}",
            f"CREATE INDEX CONCURRENTLY {NAME} ON bookings (reference varchar_pattern_ops)",
        )
    ]
