from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_roles'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='email_changed_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='email_changed_by',
            field=models.UUIDField(editable=False, help_text='The member of staff who did, where it was not the owner.', null=True),
        ),
    ]
