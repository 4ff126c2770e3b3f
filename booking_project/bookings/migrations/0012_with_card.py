from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0011_address_changes")]

    operations = [
        migrations.AddField(
            "booking",
            "with_card",
            models.BooleanField(db_default=False, help_text="A card came with it: its answer sells or ends it."),
        ),
        # holds_of(), which the release before calls until its last process is gone, and what has not been answered.
        migrations.RunSQL(
            """
            CREATE FUNCTION held_by(customer uuid, at_showtime uuid, wanted uuid[], since uuid, OUT here bigint,
                                    OUT in_all bigint, OUT seats bigint, OUT again bigint, OUT unanswered bigint)
            LANGUAGE plpgsql VOLATILE AS $$
            #variable_conflict use_column
            BEGIN
                PERFORM pg_advisory_xact_lock(730521, hashtext(customer::text));
                SELECT count(*) FILTER (WHERE open AND showtime_id = at_showtime), count(*) FILTER (WHERE open),
                       coalesce(sum(places) FILTER (WHERE open), 0),
                       count(*) FILTER (WHERE NOT open AND showtime_id = at_showtime AND same > 0),
                       count(*) FILTER (WHERE open AND with_card)
                INTO here, in_all, seats, again, unanswered
                FROM (
                    SELECT b.showtime_id, b.with_card, b.status = 'PENDING' AND b.hold_expires_at > now() AS open,
                           s.places, s.same
                    FROM bookings AS b
                    CROSS JOIN LATERAL (
                        SELECT count(*) AS places, count(*) FILTER (WHERE seat_id = ANY (wanted)) AS same
                        FROM booking_seats WHERE booking_id = b.id
                    ) AS s
                    WHERE b.user_id = customer AND b.id >= since AND b.status <> 'CONFIRMED'
                ) AS recent;
            END $$
            """,
            "DROP FUNCTION held_by(uuid, uuid, uuid[], uuid)",
        ),
    ]
