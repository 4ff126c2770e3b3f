from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0006_first_wordings")]

    operations = [
        migrations.AlterModelOptions(
            name="notificationtemplate",
            options={
                "ordering": ["code", "channel", "language"],
                "permissions": [("word_secrets", "Can word messages that carry a link that signs in")],
            },
        ),
    ]
