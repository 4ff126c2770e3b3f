"""What was taken at the counter is seldom: staff who filter the ledger by it are answered by indexes."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0035_counter")]

    operations = [
        AddIndexBeside(
            "transaction",
            models.Index(fields=["-id"], condition=models.Q(account="till"), name="idx_transactions_till"),
        ),
        AddIndexBeside(
            "transaction",
            models.Index(fields=["-id"], condition=models.Q(account="terminal"), name="idx_transactions_terminal"),
        ),
    ]
