from django.db import migrations


class Migration(migrations.Migration):
    """Once granted what staff may do here; now roles.py says it, and it is granted after each migration."""

    dependencies = [
        ("catalog", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = []
