from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chassis", "0005_partitions")]

    operations = [
        migrations.CreateModel(
            name="HeardEvent",
            fields=[
                ("type", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("since", models.UUIDField()),
            ],
            options={"db_table": "heard_events"},
        ),
    ]
