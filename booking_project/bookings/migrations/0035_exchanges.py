"""A booking that another one is exchanged for: on what terms, and one at a time."""

from django.db import migrations, models
from django.db.models import Q

OPEN = ("PENDING", "CONFIRMED")
NAME = "bookings_one_exchange"
FORWARDS = [
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
    f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}",
    f"CREATE UNIQUE INDEX CONCURRENTLY {NAME} ON bookings (exchange_of)"
    " WHERE exchange_of IS NOT NULL AND status IN ('PENDING', 'CONFIRMED')",
    "RESET lock_timeout",
    "RESET statement_timeout",
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0032_moved_seats")]

    operations = [
        migrations.AddField(
            "booking",
            "exchange_of",
            models.UUIDField(help_text="The booking that is exchanged for this one.", null=True),
        ),
        migrations.AddField(
            "booking",
            "exchange_worth",
            models.BigIntegerField(db_default=0, default=0, help_text="What that one may pay of it, minor units."),
        ),
        migrations.AddField(
            "booking",
            "exchange_retained",
            models.BigIntegerField(db_default=0, default=0, help_text="What is kept of that one, minor units."),
        ),
        migrations.RunSQL(
            FORWARDS,
            f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}",
            state_operations=[
                migrations.AddConstraint(
                    "booking",
                    models.UniqueConstraint(
                        condition=Q(exchange_of__isnull=False, status__in=OPEN), fields=("exchange_of",), name=NAME
                    ),
                ),
            ],
        ),
    ]
