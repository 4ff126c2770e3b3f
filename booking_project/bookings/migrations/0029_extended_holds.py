from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0028_moves_by_turn")]

    operations = [
        migrations.AddField(
            "booking",
            "extended_at",
            models.DateTimeField(help_text="When its hold was made longer, which is once.", null=True),
        ),
    ]
