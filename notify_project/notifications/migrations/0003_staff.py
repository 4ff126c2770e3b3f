from django.contrib.auth.management import create_permissions
from django.db import migrations

READ = ("contact", "bookingsummary", "notificationtemplate", "notification", "deliverylog")
GRANTS = {
    "support": [*(f"view_{model}" for model in READ), "resend_notification", "change_contact"],
    "manager": [
        *(f"view_{model}" for model in READ),
        "resend_notification",
        "change_contact",
        "add_notificationtemplate",
        "change_notificationtemplate",
        "delete_notificationtemplate",
    ],
}


def grant(apps, schema_editor):
    """What the roles of auth may do here; an admin may do everything."""
    config = apps.get_app_config("notifications")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    groups, permissions = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for role, codenames in GRANTS.items():
        group, _ = groups.objects.get_or_create(name=role)
        found = permissions.objects.filter(content_type__app_label="notifications", codename__in=codenames)
        group.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0002_wording"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
