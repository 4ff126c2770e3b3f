"""What was filled in is remembered. Of a database from before: every kind and channel in every language that it has."""

from django.db import migrations, models

REMEMBER = """
INSERT INTO first_wordings (code, channel, language)
SELECT kinds.code, kinds.channel, languages.language
FROM (SELECT DISTINCT code, channel FROM notification_templates) AS kinds
CROSS JOIN (SELECT DISTINCT language FROM notification_templates) AS languages
"""


class Migration(migrations.Migration):
    beside_traffic = "the table is new, and gets a row for each wording"
    dependencies = [("notifications", "0005_callable_choices")]

    operations = [
        migrations.CreateModel(
            name="FirstWording",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "code", "channel", "language", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.CharField(max_length=40)),
                ("channel", models.CharField(max_length=8)),
                ("language", models.CharField(max_length=8)),
            ],
            options={"db_table": "first_wordings"},
        ),
        migrations.RunSQL(REMEMBER, migrations.RunSQL.noop),
    ]
