from django.db import migrations, models


class Migration(migrations.Migration):
    beside_traffic = "of the time before the first release, when no table was large"
    dependencies = [("bookings", "0007_tickets")]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="terms",
            field=models.JSONField(
                db_default={},
                default=dict,
                help_text="What was bought: the showtime and the rules of that moment (terms.py).",
            ),
        ),
        migrations.AddField(
            model_name="showtimemove",
            name="terms",
            field=models.JSONField(
                db_default={}, default=dict, help_text="All that was sold before the move (terms.py)."
            ),
        ),
        migrations.AddField(
            model_name="showtime",
            name="cancellation_message",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Why it was cancelled, for its customers.",
                max_length=300,
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="refunded_amount",
            field=models.BigIntegerField(db_default=0, help_text="What went back of it so far, minor units."),
        ),
        # What is sold and still to come keeps the terms of now, which are the best known. All else goes by its
        # showtime, which nobody changes any more.
        migrations.RunSQL(
            """
            UPDATE bookings SET terms = jsonb_build_object(
                'movie_id', s.movie_id, 'movie_title', s.movie_title, 'theater_name', s.theater_name,
                'screen_id', s.screen_id, 'screen', s.screen_name, 'starts_at', s.starts_at, 'time_zone', s.time_zone,
                'format', s.format, 'language', s.language,
                'rules', jsonb_build_object(
                    'cutoff_minutes', coalesce((s.rules ->> 'cancellation_cutoff_minutes')::int, 0),
                    'fee_percent', (s.rules ->> 'cancellation_fee_percent')::int))
            FROM showtimes AS s
            WHERE s.id = bookings.showtime_id AND s.starts_at > now() AND s.status = 'scheduled'
              AND bookings.status IN ('PENDING', 'CONFIRMED')
            """,
            migrations.RunSQL.noop,
        ),
    ]
