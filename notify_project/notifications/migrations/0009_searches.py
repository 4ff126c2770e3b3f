"""What staff look up is found by an index."""

from django.db import migrations, models

from chassis.storage.indexes import by_part_of
from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0008_proved_addresses"), ("chassis", "0003_answers")]

    operations = [
        AddIndexBeside("contact", by_part_of("username", name="contacts_by_part_of_username")),
        AddIndexBeside("contact", by_part_of("email", name="contacts_by_part_of_email")),
        AddIndexBeside("contact", by_part_of("phone", name="contacts_by_part_of_phone")),
        AddIndexBeside("bookingsummary", models.Index(fields=["reference"], name="booking_summaries_by_reference")),
        AddIndexBeside("notification", models.Index(fields=["recipient"], name="notifications_by_recipient")),
        AddIndexBeside("deliverylog", models.Index(fields=["message_id"], name="delivery_log_by_message")),
    ]
