from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chassis", "0002_audit_log")]

    operations = [
        migrations.AddField(
            model_name="idempotencykey",
            name="content",
            field=models.TextField(help_text="The body as it was sent.", null=True),
        ),
        migrations.AddField(
            model_name="idempotencykey",
            name="headers",
            field=models.JSONField(db_default={}, default=dict, help_text="Of the answer, such as its Location."),
        ),
        migrations.AlterField(
            model_name="idempotencykey",
            name="response",
            field=models.JSONField(help_text="The body, for processes of a release that kept it alone.", null=True),
        ),
    ]
