from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    """Titles are found without their accents; a trusted extension, like btree_gist."""

    dependencies = [("catalog", "0002_staff")]

    operations = [UnaccentExtension()]
