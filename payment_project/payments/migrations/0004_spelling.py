"""One spelling in the code. The column keeps its name, so nothing happens to the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_staff")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("payment", "authorisation_id", "authorization_id"),
                migrations.AlterField(
                    "payment",
                    "authorization_id",
                    models.CharField(
                        blank=True,
                        db_column="authorisation_id",
                        db_default="",
                        default="",
                        help_text="The gateway's.",
                        max_length=64,
                    ),
                ),
            ]
        )
    ]
