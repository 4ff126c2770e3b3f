"""A wording is called so in its pages, too."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0015_theater"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="notificationtemplate",
            options={
                "ordering": ["code", "channel", "language"],
                "permissions": [("word_secrets", "Can word messages that carry a link that signs in")],
                "verbose_name": "wording",
            },
        ),
    ]
