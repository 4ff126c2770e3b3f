from django.db import migrations

# What is counted as held again: of seats that were paid for, and given back afterwards, nothing.
AGAIN = "count(*) FILTER (WHERE NOT open AND showtime_id = at_showtime AND same > 0{paid})"
UNPAID = " AND payment_status NOT IN ('captured', 'partially_refunded', 'refunded')"


def held_by(again: str) -> str:
    return f"""
    CREATE OR REPLACE FUNCTION held_by(customer uuid, at_showtime uuid, wanted uuid[], since uuid, OUT here bigint,
                                       OUT in_all bigint, OUT seats bigint, OUT again bigint, OUT unanswered bigint)
    LANGUAGE plpgsql VOLATILE AS $$
    #variable_conflict use_column
    BEGIN
        PERFORM pg_advisory_xact_lock(730521, hashtext(customer::text));
        SELECT count(*) FILTER (WHERE open AND showtime_id = at_showtime), count(*) FILTER (WHERE open),
               coalesce(sum(places) FILTER (WHERE open), 0),
               {again},
               count(*) FILTER (WHERE open AND with_card)
        INTO here, in_all, seats, again, unanswered
        FROM (
            SELECT b.showtime_id, b.with_card, b.payment_status,
                   b.status = 'PENDING' AND b.hold_expires_at > now() AS open, s.places, s.same
            FROM bookings AS b
            CROSS JOIN LATERAL (
                SELECT count(*) AS places, count(*) FILTER (WHERE seat_id = ANY (wanted)) AS same
                FROM booking_seats WHERE booking_id = b.id
            ) AS s
            WHERE b.user_id = customer AND b.id >= since AND b.status <> 'CONFIRMED'
        ) AS recent;
    END $$
    """


class Migration(migrations.Migration):
    dependencies = [("bookings", "0015_settled_cancellations")]

    operations = [migrations.RunSQL(held_by(AGAIN.format(paid=UNPAID)), held_by(AGAIN.format(paid="")))]
