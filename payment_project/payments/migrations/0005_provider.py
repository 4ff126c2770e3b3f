"""Who holds the money, who is asked, who keeps the card: until now, the simulated gateway for all of them.

Constant defaults of the database, so that no row is touched, and so that the processes of the version before, which
know of one provider, go on writing rows that say so.
"""

from django.db import migrations, models


def provider(help_text):
    return models.CharField(db_default="simulator", default="simulator", help_text=help_text, max_length=32)


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_spelling")]

    operations = [
        migrations.AddField("payment", "provider", provider("Who holds the money, once somebody does.")),
        migrations.AddField("gatewayoperation", "provider", provider("Who is asked.")),
        migrations.AddField("paymentmethod", "provider", provider("Who keeps the card.")),
        migrations.AlterField(
            "webhookdelivery",
            "id",
            models.CharField(
                help_text="The provider, and its own id of the message.",
                max_length=192,
                primary_key=True,
                serialize=False,
            ),
        ),
    ]
