"""Whose a guest's things are, once somebody has proved the guest's address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0029_extended_holds")]

    operations = [
        migrations.CreateModel(
            "GuestClaim",
            [
                ("guest_id", models.UUIDField(primary_key=True, serialize=False)),
                ("user_id", models.UUIDField()),
                ("heard_at", models.DateTimeField(db_index=True)),
            ],
            options={"db_table": "guest_claims"},
        ),
    ]
