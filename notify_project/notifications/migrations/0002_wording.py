from django.db import migrations


class Migration(migrations.Migration):
    # Once filled in the wording, which is now done after every migrate: notifications.first_wordings.
    dependencies = [("notifications", "0001_initial")]
    operations = []
