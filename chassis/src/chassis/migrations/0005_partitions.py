"""What was published and what was handled goes by days and weeks, and not row by row.

Of a partition nobody deletes rows: the version before deletes them by their places (ctid), which are those of other
rows in another partition.
"""

from django.db import migrations

from chassis.storage.partitioning import PartitionByTime
from chassis.storage.partitions import ByTime
from chassis.storage.vacuum import SWEPT_OFTEN

LEAVE = """
CREATE OR REPLACE FUNCTION leave_to_its_partition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN NULL;
END $$
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("chassis", "0004_swept_often")]

    operations = [
        migrations.RunSQL(LEAVE, "DROP FUNCTION leave_to_its_partition()"),
        PartitionByTime(ByTime("outbox", key="id", days=1, storage=SWEPT_OFTEN, whole=True)),
        PartitionByTime(ByTime("inbox", key="event_id", days=7, storage=SWEPT_OFTEN, whole=True)),
    ]
