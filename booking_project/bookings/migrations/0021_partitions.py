"""The history goes by the time of its bookings, four weeks at a time; a key of it has to say which booking it is of."""

from django.db import migrations

from chassis.storage.partitioning import PartitionByTime
from chassis.storage.partitions import ByTime


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0020_reference_once"), ("chassis", "0005_partitions")]

    operations = [
        PartitionByTime(ByTime("booking_history", key="booking_id", days=28), primary_key=("id", "booking_id")),
    ]
