"""What the desk's seat map and doors keep: why and until when seats are off sale, seats that were changed, scans of doors
without a connection."""

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0035_exchanges")]

    operations = [
        migrations.AlterModelOptions(
            "booking",
            {
                "permissions": [
                    ("cancel_booking", "Can cancel anybody's booking"),
                    ("check_in_booking", "Can let people in by their tickets"),
                    ("sell_booking", "Can book ticket types that are not sold online"),
                    ("reseat_booking", "Can give a booking other seats"),
                ]
            },
        ),
        migrations.AddField(
            "seatstatus",
            "block_reason",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Why it is off sale, a note among staff.",
                max_length=300,
            ),
        ),
        migrations.AddField(
            "seatstatus",
            "blocked_until",
            models.DateTimeField(help_text="When it goes back on sale by itself.", null=True),
        ),
        migrations.AddField(
            "booking",
            "seat_changes",
            models.PositiveIntegerField(
                db_default=0, default=0, help_text="How often staff gave it other seats of its screen."
            ),
        ),
        migrations.AddField(
            "checkin",
            "scan_id",
            models.UUIDField(help_text="The door's own, where it had no connection.", null=True),
        ),
        migrations.AlterField(
            "checkin",
            "at",
            models.DateTimeField(help_text="By the clock of the door, where that had no connection."),
        ),
        migrations.CreateModel(
            "DoorConflict",
            [
                (
                    "id",
                    models.UUIDField(
                        help_text="The door's own of that scan, which is told once.", primary_key=True, serialize=False
                    ),
                ),
                ("showtime_id", models.UUIDField()),
                (
                    "reference",
                    models.CharField(blank=True, help_text="Of the booking, where there is one.", max_length=12),
                ),
                ("seats", models.CharField(blank=True, help_text="As people call them.", max_length=200)),
                ("at", models.DateTimeField(help_text="By the clock of the door.")),
                ("door", models.CharField(blank=True, max_length=64)),
                ("actor", models.CharField(help_text="The member of staff.", max_length=64)),
                ("code", models.CharField(help_text="What the service would have said.", max_length=32)),
                ("used", models.JSONField(default=list, help_text="Who was in by then: [{seat, at, door}].")),
                ("told_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "door_conflicts",
                "indexes": [models.Index(fields=["showtime_id", "-id"], name="door_conflicts_of_showtime")],
            },
        ),
        AddIndexBeside(
            "seatstatus",
            models.Index(
                condition=models.Q(blocked_until__isnull=False),
                fields=["blocked_until"],
                name="seat_status_blocks_to_end",
            ),
        ),
        AddIndexBeside(
            "booking",
            models.Index(condition=models.Q(seat_changes__gt=0), fields=["showtime"], name="bookings_seats_changed"),
        ),
    ]
