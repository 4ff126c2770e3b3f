from django.contrib.auth.management import create_permissions
from django.db import migrations

# As they were when the roles were made; later changes are migrations of their own.
ROLES = {
    "customer": [],
    "support": ["view_user", "change_user", "view_session"],
    "manager": ["view_user"],
    "admin": [
        "view_user",
        "add_user",
        "change_user",
        "assign_roles",
        "view_session",
        "end_session",
        "view_onetimetoken",
        "view_revocation",
    ],
}

# Roles and permissions under their own names, for reports and for people with psql. Django's tables stay what they are.
VIEWS = """
CREATE VIEW roles AS SELECT id, name FROM auth_group;
CREATE VIEW permissions AS
    SELECT permission.id, permission.codename, permission.name, kind.app_label, kind.model,
           array_remove(array_agg(role.name ORDER BY role.name), NULL) AS roles
      FROM auth_permission permission
      JOIN django_content_type kind ON kind.id = permission.content_type_id
      LEFT JOIN auth_group_permissions granted ON granted.permission_id = permission.id
      LEFT JOIN auth_group role ON role.id = granted.group_id
     GROUP BY permission.id, kind.id;
"""


def make_roles(apps, schema_editor):
    # Permissions are otherwise made after the last migration.
    config = apps.get_app_config("accounts")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for name, codenames in ROLES.items():
        role, _ = Group.objects.get_or_create(name=name)
        role.permissions.set(
            Permission.objects.filter(content_type__app_label="accounts", codename__in=codenames)
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(make_roles, migrations.RunPython.noop, elidable=False),
        migrations.RunSQL(VIEWS, "DROP VIEW permissions; DROP VIEW roles;"),
    ]
