"""What was booked for nothing a short while ago counts as held: nobody takes a hall that costs nothing."""

from django.db import migrations

PENDING = "b.status = 'PENDING' AND b.hold_expires_at > now()"
FREE = f"({PENDING} OR b.status = 'CONFIRMED' AND b.total_amount = 0)"


def held_by(open: str, of: str) -> str:
    return f"""
    CREATE OR REPLACE FUNCTION held_by(customer uuid, at_showtime uuid, wanted uuid[], since uuid, OUT here bigint,
                                       OUT in_all bigint, OUT seats bigint, OUT again bigint, OUT unanswered bigint)
    LANGUAGE plpgsql VOLATILE AS $$
    #variable_conflict use_column
    BEGIN
        PERFORM pg_advisory_xact_lock(730521, hashtext(customer::text));
        SELECT count(*) FILTER (WHERE open AND showtime_id = at_showtime), count(*) FILTER (WHERE open),
               coalesce(sum(places) FILTER (WHERE open), 0),
               count(*) FILTER (WHERE NOT open AND showtime_id = at_showtime AND same > 0
                                AND payment_status NOT IN ('captured', 'partially_refunded', 'refunded')),
               count(*) FILTER (WHERE open AND with_card)
        INTO here, in_all, seats, again, unanswered
        FROM (
            SELECT b.showtime_id, b.with_card, b.payment_status, {open} AS open, s.places, s.same
            FROM bookings AS b
            CROSS JOIN LATERAL (
                SELECT count(*) AS places, count(*) FILTER (WHERE seat_id = ANY (wanted)) AS same
                FROM booking_seats WHERE booking_id = b.id
            ) AS s
            WHERE b.user_id = customer AND b.id >= since AND {of}
        ) AS recent;
    END $$
    """


class Migration(migrations.Migration):
    dependencies = [("bookings", "0024_lines")]

    operations = [
        migrations.RunSQL(
            held_by(FREE, "(b.status <> 'CONFIRMED' OR b.total_amount = 0)"), held_by(PENDING, "b.status <> 'CONFIRMED'")
        )
    ]
