"""Gift cards: what they are good for, their own ledger, and what they pay of payments."""

import chassis.ids
import django.db.models.deletion
import django.db.models.expressions
import payments.gift_models
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


# As the ledger of payments (0002): lines are only added, and those of one move of a card add up to zero.
GUARDS = """
CREATE TRIGGER gift_card_lines_are_final BEFORE UPDATE OR DELETE ON gift_card_lines
FOR EACH ROW EXECUTE FUNCTION transactions_are_final();

CREATE FUNCTION gift_card_lines_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added GROUP BY card_id, operation_id, move, currency HAVING sum(amount) <> 0) THEN
    RAISE EXCEPTION 'the lines of a ledger entry add up to zero' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER gift_card_lines_add_up AFTER INSERT ON gift_card_lines
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION gift_card_lines_add_up();
"""

WITHOUT = """
DROP TRIGGER gift_card_lines_add_up ON gift_card_lines;
DROP FUNCTION gift_card_lines_add_up();
DROP TRIGGER gift_card_lines_are_final ON gift_card_lines;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0021_given_outside_found"),
    ]

    operations = [
        migrations.CreateModel(
            name="GiftCard",
            fields=[
                ("id", models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "digest",
                    models.BinaryField(help_text="What it is found by (chassis.codes).", max_length=32, unique=True),
                ),
                ("last4", models.CharField(max_length=4, verbose_name="last signs")),
                ("amount", models.BigIntegerField(help_text="What it was issued with.")),
                ("currency", models.CharField(max_length=3)),
                ("balance", models.BigIntegerField(help_text="What it is good for now.")),
                (
                    "reserved",
                    models.BigIntegerField(db_default=0, default=0, help_text="What payments under way hold of it."),
                ),
                ("expires_at", models.DateTimeField(help_text="From then on it pays nothing.", null=True)),
                ("blocked_at", models.DateTimeField(help_text="Since then it pays nothing.", null=True)),
                ("blocked_because", models.CharField(blank=True, db_default="", default="", max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "gift card",
                "db_table": "gift_cards",
                "ordering": ["-id"],
                "permissions": [("block_giftcard", "Can block gift cards, and open them again")],
            },
        ),
        migrations.CreateModel(
            name="GiftCardIssue",
            fields=[
                ("id", models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "origin",
                    models.CharField(
                        choices=[("sold", "sold"), ("goodwill", "goodwill")],
                        help_text="What they are issued for.",
                        max_length=12,
                    ),
                ),
                ("count", models.PositiveIntegerField(help_text="Of cards.")),
                ("amount", models.BigIntegerField(help_text="Of each.")),
                ("currency", models.CharField(max_length=3)),
                ("expires_at", models.DateTimeField(blank=True, help_text="None: never.", null=True)),
                (
                    "reason",
                    models.CharField(help_text="Among staff: who paid for them, or what went wrong.", max_length=200),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("awaiting_approval", "awaiting approval"),
                            ("approved", "approved"),
                            ("issued", "issued"),
                            ("refused", "refused"),
                            ("lapsed", "lapsed"),
                        ],
                        default="approved",
                        max_length=20,
                    ),
                ),
                ("requested_by", models.CharField(max_length=150)),
                ("requested_by_id", models.UUIDField(help_text="Their account at auth.", null=True)),
                (
                    "decided_by",
                    models.CharField(blank=True, default="", help_text="Who approved or refused it.", max_length=150),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("decision_note", models.CharField(blank=True, default="", max_length=200)),
                ("due_by", models.DateTimeField(help_text="Neither approved nor made until then, it lapses.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "issue of gift cards",
                "verbose_name_plural": "issues of gift cards",
                "db_table": "gift_card_issues",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="GiftCardLine",
            fields=[
                ("id", models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "move",
                    models.CharField(
                        choices=[
                            ("issue", "issue"),
                            ("reserve", "reserve"),
                            ("release", "release"),
                            ("capture", "capture"),
                            ("refund", "refund"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "account",
                    models.CharField(
                        choices=[
                            ("desk", "desk"),
                            ("goodwill", "goodwill"),
                            ("balance", "balance"),
                            ("reserved", "reserved"),
                            ("redeemed", "redeemed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "gift card line",
                "verbose_name_plural": "gift card lines",
                "db_table": "gift_card_lines",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="GiftCardsOwed",
            fields=[
                ("currency", models.CharField(max_length=3, primary_key=True, serialize=False)),
                ("amount", models.BigIntegerField()),
                ("until", models.UUIDField()),
            ],
            options={
                "db_table": "gift_cards_owed",
            },
        ),
        migrations.RemoveConstraint(
            model_name="gatewayoperation",
            name="operations_amount_positive",
        ),
        migrations.AddField(
            model_name="gatewayoperation",
            name="gift_amount",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="What moves of the gift card with it, beside that."
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="gift_amount",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Of it, what a gift card pays: reserved, or captured."
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="gift_last4",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of the gift card that pays, or was asked to.",
                max_length=4,
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="gift_refunded_amount",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Of what was given back, what went to the gift card."
            ),
        ),
        migrations.AddField(
            model_name="receipt",
            name="gift_amount",
            field=models.BigIntegerField(db_default=0, default=0, help_text="Of the total, what a gift card paid."),
        ),
        migrations.AddField(
            model_name="receipt",
            name="gift_last4",
            field=models.CharField(blank=True, db_default="", default="", max_length=4),
        ),
        migrations.AddField(
            model_name="refund",
            name="gift_amount",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Of it, what goes to the gift card; known when it is on its way."
            ),
        ),
        migrations.AlterField(
            model_name="gatewayoperation",
            name="amount",
            field=models.BigIntegerField(help_text="What it is asked for."),
        ),
        AddConstraintNotValid(
            model_name="gatewayoperation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gte", 0),
                    ("gift_amount__gte", 0),
                    (
                        "amount__gt",
                        django.db.models.expressions.CombinedExpression(models.F("gift_amount"), "*", models.Value(-1)),
                    ),
                ),
                name="operations_move_something",
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="gift_card",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payments.giftcard",
            ),
        ),
        AddConstraintNotValid(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gift_amount__gte", models.F("gift_refunded_amount")),
                    ("gift_amount__lte", models.F("amount")),
                    ("gift_refunded_amount__gte", 0),
                    ("gift_refunded_amount__lte", models.F("refunded_amount")),
                ),
                name="payments_gift_within_the_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="giftcardissue",
            index=models.Index(fields=["requested_by", "-id"], name="idx_gift_card_issues_by"),
        ),
        migrations.AddIndex(
            model_name="giftcardissue",
            index=models.Index(
                condition=models.Q(
                    (
                        "status__in",
                        (
                            payments.gift_models.IssueStatus["AWAITING_APPROVAL"],
                            payments.gift_models.IssueStatus["APPROVED"],
                        ),
                    )
                ),
                fields=["due_by"],
                name="idx_gift_card_issues_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftcardissue",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("count__gt", 0)), name="gift_card_issues_of_something"
            ),
        ),
        migrations.AddField(
            model_name="giftcard",
            name="issue",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cards",
                to="payments.giftcardissue",
            ),
        ),
        migrations.AddField(
            model_name="giftcardline",
            name="card",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lines",
                to="payments.giftcard",
            ),
        ),
        migrations.AddField(
            model_name="giftcardline",
            name="operation",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payments.gatewayoperation",
            ),
        ),
        migrations.AddField(
            model_name="giftcardline",
            name="payment",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gift_card_lines",
                to="payments.payment",
            ),
        ),
        migrations.AddIndex(
            model_name="giftcard",
            index=models.Index(fields=["issue", "-id"], name="idx_gift_cards_issue"),
        ),
        migrations.AddIndex(
            model_name="giftcard",
            index=models.Index(fields=["last4", "-id"], name="idx_gift_cards_last4"),
        ),
        migrations.AddIndex(
            model_name="giftcard",
            index=models.Index(
                condition=models.Q(("blocked_at", None), _negated=True), fields=["-id"], name="idx_gift_cards_blocked"
            ),
        ),
        migrations.AddConstraint(
            model_name="giftcard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("balance__gte", 0),
                    ("reserved__gte", 0),
                    (
                        "amount__gte",
                        django.db.models.expressions.CombinedExpression(models.F("balance"), "+", models.F("reserved")),
                    ),
                ),
                name="gift_cards_within_the_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="giftcardline",
            index=models.Index(fields=["card", "-id"], name="idx_gift_card_lines_card"),
        ),
        migrations.AddIndex(
            model_name="giftcardline",
            index=models.Index(
                condition=models.Q(("payment", None), _negated=True),
                fields=["payment", "-id"],
                name="idx_gift_card_lines_payment",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftcardline",
            constraint=models.UniqueConstraint(
                fields=("card", "operation", "move", "account"), name="gift_card_lines_once", nulls_distinct=False
            ),
        ),
        migrations.RunSQL(GUARDS, WITHOUT),
    ]
