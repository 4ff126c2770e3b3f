from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

import chassis.ids

GUARD = """
CREATE FUNCTION audit_log_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_log_is_final BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION audit_log_is_final();
"""
WITHOUT = "DROP TRIGGER audit_log_is_final ON audit_log; DROP FUNCTION audit_log_is_final();"


class Migration(migrations.Migration):
    """What staff did, found by part of a name, of an id or of a reason: pg_trgm is a trusted extension."""

    dependencies = [("chassis", "0001_initial")]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="AuditRecord",
            fields=[
                ("id", models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "actor_id",
                    models.CharField(help_text="As the door knows them: the account at auth, or here.", max_length=64),
                ),
                ("actor_name", models.CharField(max_length=150)),
                (
                    "door",
                    models.CharField(
                        help_text="How they came in: the API, the admin site or a command.", max_length=8
                    ),
                ),
                ("action", models.CharField(max_length=64)),
                ("subject_type", models.CharField(max_length=32)),
                ("subject_id", models.CharField(max_length=64)),
                (
                    "before",
                    models.JSONField(
                        help_text="Of the fields that changed; none where there was nothing before.", null=True
                    ),
                ),
                (
                    "after",
                    models.JSONField(help_text="Of the fields that changed; none where nothing is left.", null=True),
                ),
                ("reason", models.TextField(blank=True)),
                (
                    "correlation_id",
                    models.CharField(blank=True, help_text="Finds the request in the logs.", max_length=128),
                ),
                ("words", models.TextField(editable=False, help_text="What the search looks in.")),
            ],
            options={
                "verbose_name": "entry of the audit log",
                "verbose_name_plural": "audit log",
                "db_table": "audit_log",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["actor_name", "id"], name="audit_log_actor"),
                    models.Index(fields=["action", "id"], name="audit_log_action"),
                    models.Index(fields=["door", "id"], name="audit_log_door"),
                    models.Index(fields=["subject_type", "subject_id", "id"], name="audit_log_subject"),
                    GinIndex(fields=["words"], name="audit_log_words", opclasses=["gin_trgm_ops"]),
                ],
            },
        ),
        migrations.RunSQL(GUARD, WITHOUT),
    ]
