"""A film is called so by staff, too."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalog", "0018_hints_in_languages")]

    operations = [
        migrations.AlterModelOptions(
            name="movie", options={"ordering": ["-release_date", "-id"], "verbose_name": "film"}
        ),
    ]
