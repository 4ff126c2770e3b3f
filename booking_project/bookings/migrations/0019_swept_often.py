from django.db import migrations

from chassis.storage.migrations import sweep_often


class Migration(migrations.Migration):
    dependencies = [("bookings", "0018_settled_cancellations_found")]

    operations = [sweep_often("bookings", "seat_status")]
