from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0008_terms")]

    operations = [
        migrations.AddField(
            model_name="showtime",
            name="blocked_revision",
            field=models.BigIntegerField(db_default=0, editable=False),
        ),
    ]
