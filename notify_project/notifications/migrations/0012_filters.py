"""What staff filter contacts by has an index: a value that few have would else be looked for among all of them."""

from django.db import migrations, models
from django.db.models import Q

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0011_partitions")]

    operations = [
        AddIndexBeside("contact", models.Index(fields=["language", "-user_id"], name="contacts_by_language")),
        AddIndexBeside(
            "contact",
            models.Index(fields=["-user_id"], condition=Q(wants_hold_notices=False), name="contacts_without_notices"),
        ),
        AddIndexBeside("contact", models.Index(fields=["-user_id"], condition=Q(wants_sms=True), name="contacts_by_sms")),
    ]
