"""To which theaters somebody of staff is limited: to none in particular, whoever is there already."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_second_factor")]

    operations = [
        migrations.AddField(
            "user",
            "theaters",
            ArrayField(
                models.UUIDField(),
                size=50,
                blank=True,
                default=list,
                db_default=[],
                help_text="Of staff: ids of theaters at the catalog, with commas between them. They see and do what"
                " belongs to these, and nothing of others. Empty: every theater.",
            ),
        ),
    ]
