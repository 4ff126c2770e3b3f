from django.db import migrations

from chassis.storage.migrations import sweep_often


class Migration(migrations.Migration):
    dependencies = [("notifications", "0009_searches")]

    operations = [sweep_often("notifications")]
