from django.db import migrations

# One use of a code for a booking that is being made, or why not; a part of the statement that makes the booking
# (inventory.TAKE), after held_by(), whose lock lets one hold of a customer after the other ask for it. A statement inside
# of a function sees what was committed while it waited. What was given back is forgotten here, a few rows at a time: so
# whoever gives a use back changes no row that others wait for. A code without a bound is locked by nobody.
USE_PROMO_CODE = """
CREATE FUNCTION use_promo_code(wanted uuid, for_booking uuid, customer uuid, for_seats uuid[]) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    rule record;
    back bigint;
BEGIN
    SELECT p.id, p.most_per_customer, c.most_uses INTO rule
    FROM promo_codes AS c JOIN promotions AS p ON p.id = c.promotion_id
    WHERE c.id = wanted AND p.stopped_at IS NULL;
    IF NOT FOUND THEN
        RETURN 'invalid';
    END IF;
    IF rule.most_per_customer <= (
        SELECT count(*) FROM promo_uses
        WHERE promotion_id = rule.id AND user_id = customer AND given_back_at IS NULL
    ) THEN
        RETURN 'customer';
    END IF;
    IF rule.most_uses IS NOT NULL THEN
        PERFORM FROM promo_codes WHERE id = wanted FOR NO KEY UPDATE;
        WITH forgotten AS (
            UPDATE promo_uses SET counted = false WHERE booking_id IN (
                SELECT booking_id FROM promo_uses
                WHERE code_id = wanted AND counted AND given_back_at IS NOT NULL LIMIT 10
            ) RETURNING booking_id
        )
        SELECT count(*) INTO back FROM forgotten;
        UPDATE promo_codes SET uses = uses - back + 1 WHERE id = wanted AND uses - back < most_uses;
        IF NOT FOUND THEN
            RETURN 'all';
        END IF;
    END IF;
    INSERT INTO promo_uses (booking_id, code_id, promotion_id, user_id, seat_ids, counted)
    VALUES (for_booking, wanted, rule.id, customer, for_seats, rule.most_uses IS NOT NULL);
    RETURN NULL;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0026_promotions")]

    operations = [
        migrations.RunSQL(USE_PROMO_CODE, "DROP FUNCTION use_promo_code(uuid, uuid, uuid, uuid[])"),
    ]
