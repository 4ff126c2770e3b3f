"""What the staff groups may do in this admin; who is in them, auth says at each sign-in."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

EDITED = ["movie", "theater", "screen", "showtime"]
SEEN = [*EDITED, "seat", "showtimeprice", "showtimeoccupancy"]


def grant(apps, schema_editor):
    # Django makes permissions after the last migration; here they are needed now.
    create_permissions(
        installed.get_app_config("catalog"), verbosity=0, apps=apps, using=schema_editor.connection.alias
    )
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    ours = Permission.objects.filter(content_type__app_label="catalog")
    seen = ours.filter(codename__in=[f"view_{name}" for name in SEEN])
    edited = ours.filter(codename__in=[f"{verb}_{name}" for verb in ("add", "change", "delete") for name in EDITED])
    support, _ = Group.objects.get_or_create(name="support")
    support.permissions.add(*seen)
    manager, _ = Group.objects.get_or_create(name="manager")
    manager.permissions.add(*seen, *edited)


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
