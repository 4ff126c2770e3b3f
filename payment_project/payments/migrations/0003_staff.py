"""What the staff groups may do in this admin: see everything, and give money back."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

SEEN = ["payment", "gatewayoperation", "transaction", "refund", "paymentmethod", "webhookdelivery"]


def grant(apps, schema_editor):
    # Django makes permissions after the last migration; here they are needed now.
    create_permissions(
        installed.get_app_config("payments"), verbosity=0, apps=apps, using=schema_editor.connection.alias
    )
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="payments")
    granted = permissions.filter(codename__in=["refund_payment", *(f"view_{name}" for name in SEEN)])
    for role in ("support", "manager"):
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=role)
        group.permissions.add(*granted)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0002_ledger_guards"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
