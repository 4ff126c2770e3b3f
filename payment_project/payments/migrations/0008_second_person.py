"""Refunds that wait for a second person, and who of staff gave whose account another address.

The columns have constant defaults or none, and a wider status rewrites nothing. The indexes are built beside the
traffic, without the limits that the connections of a service have; what an earlier try has left is built anew.
"""

from django.db import migrations, models
from django.db.models import Q

AWAITING = "awaiting_approval"
STATUSES = ["awaiting_approval", "pending", "succeeded", "failed", "refused", "lapsed"]
INDEXES = {
    "idx_refunds_status": "CREATE INDEX CONCURRENTLY idx_refunds_status ON refunds (status, id DESC)",
    "idx_refunds_awaiting": "CREATE INDEX CONCURRENTLY idx_refunds_awaiting ON refunds (approve_by)"
    " WHERE status = 'awaiting_approval'",
    "refunds_one_awaits": "CREATE UNIQUE INDEX CONCURRENTLY refunds_one_awaits ON refunds (payment_id)"
    " WHERE status = 'awaiting_approval'",
}
FORWARDS = [
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
    *(
        statement
        for name, create in INDEXES.items()
        for statement in (f"DROP INDEX CONCURRENTLY IF EXISTS {name}", create)
    ),
    "RESET lock_timeout",
    "RESET statement_timeout",
]
# What waits is asked for by nobody that the version before knows of: its rows have no operation there.
BACKWARDS = [
    *(f"DROP INDEX {name}" for name in INDEXES),
    "DELETE FROM refunds WHERE operation_id IS NULL",
]


def blank(max_length, help_text):
    return models.CharField(blank=True, db_default="", default="", help_text=help_text, max_length=max_length)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0007_refund_kind")]

    operations = [
        migrations.AlterField(
            "refund",
            "operation",
            models.OneToOneField(
                null=True,
                on_delete=models.deletion.PROTECT,
                related_name="refund",
                to="payments.gatewayoperation",
            ),
        ),
        migrations.AlterField(
            "refund",
            "status",
            models.CharField(
                choices=[(status, status.replace("_", " ")) for status in STATUSES], default="pending", max_length=20
            ),
        ),
        migrations.AddField(
            "refund", "requested_by_id", models.UUIDField(help_text="Their account at auth.", null=True)
        ),
        migrations.AddField(
            "refund", "decided_by", blank(150, "Who approved or refused it, where one pair of hands was not enough.")
        ),
        migrations.AddField("refund", "decided_by_id", models.UUIDField(help_text="Their account at auth.", null=True)),
        migrations.AddField(
            "refund", "decision_note", blank(200, "What the colleague who refused it wrote to who asked.")
        ),
        migrations.AddField("refund", "decided_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "refund", "approve_by", models.DateTimeField(help_text="Not approved until then, it lapses.", null=True)
        ),
        migrations.RunSQL(
            FORWARDS,
            BACKWARDS,
            state_operations=[
                migrations.AddConstraint(
                    "refund",
                    models.UniqueConstraint(condition=Q(status=AWAITING), fields=("payment",), name="refunds_one_awaits"),
                ),
                migrations.AddIndex("refund", models.Index(fields=["status", "-id"], name="idx_refunds_status")),
                migrations.AddIndex(
                    "refund",
                    models.Index(condition=Q(status=AWAITING), fields=["approve_by"], name="idx_refunds_awaiting"),
                ),
            ],
        ),
        migrations.CreateModel(
            "AddressChange",
            [
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "user_id", "changed_by", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("user_id", models.UUIDField()),
                ("changed_by", models.UUIDField()),
                ("changed_at", models.DateTimeField(db_index=True)),
            ],
            options={"db_table": "address_changes"},
        ),
    ]
