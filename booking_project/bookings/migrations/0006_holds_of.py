from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0005_desk")]

    operations = [
        # What a customer holds, and has held of late, one caller after the other until the end of the transaction.
        # A statement inside of a function sees what was committed while it waited. The lock's first key is ours alone.
        migrations.RunSQL(
            """
            CREATE FUNCTION holds_of(customer uuid, at_showtime uuid, wanted uuid[], since uuid,
                                     OUT here bigint, OUT in_all bigint, OUT seats bigint, OUT again bigint)
            LANGUAGE plpgsql VOLATILE AS $$
            #variable_conflict use_column
            BEGIN
                PERFORM pg_advisory_xact_lock(730521, hashtext(customer::text));
                SELECT count(*) FILTER (WHERE open AND showtime_id = at_showtime), count(*) FILTER (WHERE open),
                       coalesce(sum(places) FILTER (WHERE open), 0),
                       count(*) FILTER (WHERE NOT open AND showtime_id = at_showtime AND same > 0)
                INTO here, in_all, seats, again
                FROM (
                    SELECT b.showtime_id, b.status = 'PENDING' AND b.hold_expires_at > now() AS open, s.places, s.same
                    FROM bookings AS b
                    CROSS JOIN LATERAL (
                        SELECT count(*) AS places, count(*) FILTER (WHERE seat_id = ANY (wanted)) AS same
                        FROM booking_seats WHERE booking_id = b.id
                    ) AS s
                    WHERE b.user_id = customer AND b.id >= since AND b.status <> 'CONFIRMED'
                ) AS recent;
            END $$
            """,
            "DROP FUNCTION holds_of(uuid, uuid, uuid[], uuid)",
        ),
        # Beside the older one, which the release before calls until its last process is gone.
        migrations.RunSQL(
            """
            CREATE FUNCTION refuse_hold(seen jsonb) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'the hold is refused' USING ERRCODE = 'MQ001', DETAIL = seen::text;
            END $$
            """,
            "DROP FUNCTION refuse_hold(jsonb)",
        ),
    ]
