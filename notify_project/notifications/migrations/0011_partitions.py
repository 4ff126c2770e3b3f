"""The log goes by the time of its notifications, four weeks at a time; a key of it has to say which one it is of."""

from django.db import migrations

from chassis.storage.partitioning import PartitionByTime
from chassis.storage.partitions import ByTime


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0010_swept_often"), ("chassis", "0005_partitions")]

    operations = [
        PartitionByTime(ByTime("delivery_log", key="notification_id", days=28), primary_key=("id", "notification_id")),
    ]
