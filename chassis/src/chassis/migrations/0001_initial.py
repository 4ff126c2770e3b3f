from django.db import migrations, models

import chassis.ids

WAKE_THE_RELAY = """
CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY outbox;
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_inserted AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox();
"""
FORGET_THE_RELAY = "DROP TRIGGER outbox_inserted ON outbox; DROP FUNCTION notify_outbox();"


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="OutboxMessage",
            fields=[
                ("id", models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("exchange", models.CharField(max_length=64)),
                ("type", models.CharField(max_length=64)),
                ("body", models.JSONField(help_text="The CloudEvents attributes, as they are published.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("published_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "db_table": "outbox",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("published_at", None)), fields=["id"], name="outbox_unpublished"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InboxMessage",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "consumer", "event_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("consumer", models.CharField(max_length=32)),
                ("event_id", models.UUIDField()),
                ("type", models.CharField(max_length=64)),
                ("handled_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "inbox"},
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("user_id", models.UUIDField()),
                ("endpoint", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(help_text="SHA-256 of the request's body.", max_length=64)),
                (
                    "resource_id",
                    models.UUIDField(help_text="What the request makes; a resumed request goes on with it."),
                ),
                ("leased_until", models.DateTimeField(help_text="Until then another try is answered 409.")),
                ("status", models.SmallIntegerField(null=True)),
                ("response", models.JSONField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "idempotency_keys",
                "constraints": [
                    models.UniqueConstraint(fields=("user_id", "endpoint", "key"), name="idempotency_keys_scope")
                ],
            },
        ),
        migrations.RunSQL(WAKE_THE_RELAY, FORGET_THE_RELAY),
    ]
