from django.db import migrations

from chassis.storage.migrations import sweep_often


class Migration(migrations.Migration):
    dependencies = [("chassis", "0003_answers")]

    operations = [sweep_often("outbox", "inbox", "idempotency_keys")]
