import tomllib
from pathlib import Path

from django.db import migrations

SEEDS = Path(__file__).parent.parent / "seeds"


def fill_in(apps, schema_editor):
    """Adds the wording that is missing; what staff have edited stays as it is."""
    templates = apps.get_model("notifications", "NotificationTemplate")
    rows = [
        templates(code=code, channel=channel, language=path.stem, **{k: v.strip("\n") for k, v in wording.items()})
        for path in sorted(SEEDS.glob("*.toml"))
        for channel, codes in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for code, wording in codes.items()
    ]
    templates.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]
    operations = [migrations.RunPython(fill_in, migrations.RunPython.noop)]
