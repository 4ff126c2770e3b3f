"""A film is called so by staff, too."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0017_formats_of_a_film_by_index'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='movie',
            options={'ordering': ['-release_date', '-id'], 'verbose_name': 'film'},
        ),
    ]
