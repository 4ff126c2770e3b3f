"""A use is found by its customer where its promotion says how often one may: of any other nobody asks.

Those of before stay what they were, found. What a process of the release before writes by itself, without the function,
is found as well.
"""

from importlib import import_module

from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside, RemoveIndexBeside

# As before, but that it asks for, and says, what is found by its customer.
USE_PROMO_CODE = """
CREATE OR REPLACE FUNCTION use_promo_code(wanted uuid, for_booking uuid, customer uuid, for_seats uuid[]) RETURNS text
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
        WHERE promotion_id = rule.id AND user_id = customer AND per_customer AND given_back_at IS NULL
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
    INSERT INTO promo_uses (booking_id, code_id, promotion_id, user_id, seat_ids, counted, per_customer)
    VALUES (for_booking, wanted, rule.id, customer, for_seats, rule.most_uses IS NOT NULL,
            rule.most_per_customer IS NOT NULL);
    RETURN NULL;
END $$
"""
AS_BEFORE = import_module("bookings.migrations.0027_use_promo_code").USE_PROMO_CODE.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0040_seats_of_steps")]

    operations = [
        migrations.AlterField(
            model_name="promotion",
            name="most_per_customer",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Bookings with any of its codes, made since there is a limit; none: no limit.",
                null=True,
                verbose_name="most uses of a customer",
            ),
        ),
        migrations.AddField(
            model_name="promouse",
            name="per_customer",
            field=models.BooleanField(default=True, db_default=True),
        ),
        AddIndexBeside(
            model_name="promouse",
            index=models.Index(
                fields=["promotion", "user_id"],
                condition=models.Q(given_back_at=None, per_customer=True),
                name="promo_uses_per_customer",
            ),
        ),
        migrations.RunSQL(USE_PROMO_CODE, AS_BEFORE),
        RemoveIndexBeside("promouse", "promo_uses_of_customer"),
    ]
