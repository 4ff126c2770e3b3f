from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models

from chassis.storage.migrations import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("catalog", "0008_tariffs")]

    operations = [
        ValidateConstraint(model_name="showtimeprice", name="prices_are_not_negative"),
        migrations.RunSQL(
            "ALTER TABLE showtimes VALIDATE CONSTRAINT showtimes_follow_price_lists", migrations.RunSQL.noop
        ),
        AddIndexBeside(
            model_name="showtime",
            index=models.Index(
                condition=models.Q(("price_list__isnull", False)),
                fields=["price_list", "starts_at", "id"],
                name="idx_showtimes_price_list",
            ),
        ),
    ]
