from django.db import migrations

from chassis.storage.migrations import sweep_often


class Migration(migrations.Migration):
    dependencies = [("payments", "0013_searches")]

    operations = [sweep_often("payments", "gateway_operations")]
