"""The history of a booking says which of its seats became which. Steps of before do not know it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0039_occupancies")]

    operations = [
        migrations.AddField(
            model_name="bookingtransition",
            name="seats",
            field=models.CharField(
                blank=True, db_default="", help_text="Each that became another: A1 → B3.", max_length=500
            ),
        ),
    ]
