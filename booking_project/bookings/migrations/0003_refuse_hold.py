from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_moves")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION refuse_hold(on_sale boolean, open_holds bigint, free uuid[]) RETURNS void
            LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'the hold is refused' USING ERRCODE = 'MQ001', DETAIL =
                    json_build_object('on_sale', on_sale, 'open_holds', open_holds, 'free', free)::text;
            END $$
            """,
            "DROP FUNCTION refuse_hold(boolean, bigint, uuid[])",
        ),
    ]
