"""Receipts and credit notes, numbered for each theater without a gap, and payments of nothing."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import chassis.ids

# A receipt is as it was issued, and a number is given out once.
GUARDS = """
CREATE FUNCTION receipts_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'receipts are never changed' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER receipts_are_final BEFORE UPDATE OR DELETE ON receipts
FOR EACH ROW EXECUTE FUNCTION receipts_are_final();

CREATE FUNCTION receipt_series_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.last < OLD.last OR NEW.id <> OLD.id OR NEW.theater_id <> OLD.theater_id THEN
    RAISE EXCEPTION 'numbers of receipts are never given out again' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER receipt_series_only_grow BEFORE UPDATE OR DELETE ON receipt_series
FOR EACH ROW EXECUTE FUNCTION receipt_series_only_grow();
"""

WITHOUT = """
DROP TRIGGER receipt_series_only_grow ON receipt_series;
DROP FUNCTION receipt_series_only_grow();
DROP TRIGGER receipts_are_final ON receipts;
DROP FUNCTION receipts_are_final();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0015_filters")]

    operations = [
        migrations.CreateModel(
            "ReceiptSeries",
            [
                ("id", models.BigAutoField(help_text="What its numbers begin with.", primary_key=True, serialize=False)),
                ("theater_id", models.UUIDField(unique=True)),
                ("last", models.BigIntegerField(help_text="How many there are.")),
            ],
            options={"db_table": "receipt_series", "verbose_name_plural": "receipt series"},
        ),
        migrations.CreateModel(
            "Receipt",
            [
                (
                    "id",
                    models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("theater_id", models.UUIDField()),
                ("position", models.BigIntegerField(help_text="From 1 on, without a gap, among those of its theater.")),
                (
                    "number",
                    models.CharField(
                        help_text="As people read it: the series of the theater and the position.", max_length=32
                    ),
                ),
                ("total", models.BigIntegerField(help_text="Tax included.")),
                ("currency", models.CharField(max_length=3)),
                ("lines", models.JSONField(help_text="What was sold, or went back of it (lines.Line).")),
                (
                    "seller",
                    models.JSONField(
                        help_text="Name, address and tax number, as they were when it was sold.", null=True
                    ),
                ),
                ("showtime", models.JSONField(help_text="What it is for.", null=True)),
                ("card_last4", models.CharField(blank=True, max_length=4)),
                ("issued_at", models.DateTimeField(help_text="The time of its id.")),
                (
                    "payment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="payments.payment",
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_notes",
                        to="payments.refund",
                    ),
                ),
            ],
            options={
                "db_table": "receipts",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["theater_id", "-id"], name="idx_receipts_theater")],
                "constraints": [
                    models.UniqueConstraint(fields=("theater_id", "position"), name="receipts_numbered_once"),
                    models.UniqueConstraint(fields=("number",), name="receipts_number_once"),
                    models.UniqueConstraint(
                        fields=("payment", "refund"), name="receipts_once", nulls_distinct=False
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, WITHOUT),
        migrations.AddField(
            "payment",
            "sale",
            models.JSONField(
                help_text="What its receipt will say (lines.Sale): {} once that is issued or never will be, "
                "null of one that was opened before there were receipts.",
                null=True,
            ),
        ),
        AddConstraintNotValid(
            "payment",
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="payments_amount_not_negative"),
        ),
        migrations.RemoveConstraint("payment", "payments_amount_positive"),
    ]
