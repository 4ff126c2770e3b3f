from django.db import migrations

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


class Migration(migrations.Migration):
    """Roles, and what they may do, are made after each migration, from roles.py."""

    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunSQL(VIEWS, "DROP VIEW permissions; DROP VIEW roles;"),
    ]
