"""The hint of a ticket type in other languages than its cinema's."""

from django.db import migrations, models

import catalog.validators


class Migration(migrations.Migration):
    dependencies = [("catalog", "0017_formats_of_a_film_by_index")]

    operations = [
        migrations.AddField(
            model_name="tickettype",
            name="hints",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, output_field=models.JSONField()),
                default=dict,
                help_text='The hint in other languages than the cinema\'s: by BCP 47 tag, {"en": "up to 12 years"}.',
                validators=[catalog.validators.hints],
            ),
        ),
    ]
