from django.db import migrations

from chassis.storage.migrations import sweep_often


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_searches")]

    operations = [sweep_often("sessions", "one_time_tokens")]
