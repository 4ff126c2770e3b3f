"""What staff look somebody up by is found by an index."""

from django.db import migrations, models

from chassis.storage.indexes import by_part_of
from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0004_claimed_addresses"), ("chassis", "0003_answers")]

    operations = [
        AddIndexBeside("user", by_part_of("username", name="users_by_part_of_username")),
        AddIndexBeside("user", by_part_of("email", name="users_by_part_of_email")),
        AddIndexBeside("user", by_part_of("full_name", name="users_by_part_of_name")),
        AddIndexBeside("user", by_part_of("phone", name="users_by_part_of_phone")),
        AddIndexBeside("session", models.Index(fields=["address"], name="sessions_by_address")),
    ]
