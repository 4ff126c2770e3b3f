import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import chassis.ids

CODE = django.core.validators.RegexValidator(
    "\\A[a-z][a-z0-9]*(-[a-z0-9]+)*\\Z", "A code is lower case letters, digits and hyphens."
)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_untold_changes")]

    operations = [
        migrations.AddField(
            model_name="theater",
            name="seller_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=120),
        ),
        migrations.AddField(
            model_name="theater",
            name="seller_address",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="theater",
            name="tax_number",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="theater",
            name="tax_included",
            field=models.BooleanField(db_default=True, default=True, help_text="In the prices; else it comes on top."),
        ),
        migrations.AddField(
            model_name="theater",
            name="ticket_tax",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="Rate on tickets in basis points: 500 is 5 %.",
                validators=[django.core.validators.MaxValueValidator(10000)],
            ),
        ),
        migrations.AddField(
            model_name="theater",
            name="fee_tax",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="Rate on fees in basis points.",
                validators=[django.core.validators.MaxValueValidator(10000)],
            ),
        ),
        migrations.AddField(
            model_name="theater",
            name="holidays",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateField(),
                blank=True,
                db_default=[],
                default=list,
                help_text="Days for the holiday rules of price lists, such as 2027-01-01.",
                size=100,
            ),
        ),
        migrations.CreateModel(
            name="TicketType",
            fields=[
                ("id", models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("code", models.CharField(help_text="It never changes.", max_length=30, validators=[CODE])),
                ("name", models.CharField(max_length=60)),
                (
                    "hint",
                    models.CharField(
                        blank=True, default="", help_text="An age, or what has to be shown.", max_length=120
                    ),
                ),
                ("online", models.BooleanField(default=True, help_text="Customers buy it; else staff alone sell it.")),
                ("default", models.BooleanField(default=False, help_text="What is bought where no type is named.")),
                (
                    "accompanied",
                    models.BooleanField(default=False, help_text="Sold only beside a ticket of a type that is not."),
                ),
                ("position", models.PositiveSmallIntegerField(help_text="Where it is shown; the lowest first.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "theater",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ticket_types",
                        to="catalog.theater",
                    ),
                ),
            ],
            options={
                "db_table": "ticket_types",
                "ordering": ["theater_id", "position", "id"],
                "indexes": [models.Index(fields=["theater", "position", "id"], name="idx_ticket_types_in_order")],
                "constraints": [
                    models.UniqueConstraint(fields=("theater", "code"), name="ticket_types_have_codes_of_their_own"),
                    models.UniqueConstraint(
                        condition=models.Q(("default", True)),
                        fields=("theater",),
                        name="one_default_ticket_type_of_a_theater",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceList",
            fields=[
                ("id", models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                (
                    "round_to",
                    models.PositiveIntegerField(default=1, help_text="Prices are multiples of so many minor units."),
                ),
                ("prices", models.JSONField()),
                ("rules", models.JSONField(default=list)),
                ("fees", models.JSONField(default=list)),
                ("early", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "theater",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="price_lists",
                        to="catalog.theater",
                    ),
                ),
            ],
            options={
                "db_table": "price_lists",
                "ordering": ["theater_id", "name"],
                "constraints": [
                    models.UniqueConstraint(fields=("theater", "name"), name="price_lists_have_names_of_their_own")
                ],
            },
        ),
        migrations.AddField(
            model_name="showtime", name="type_prices", field=models.JSONField(editable=False, null=True)
        ),
        migrations.AddField(model_name="showtime", name="tariff", field=models.JSONField(editable=False, null=True)),
        # The foreign key without its check, which would look at all rows under a lock; 0009 looks beside the traffic.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField(
                    model_name="showtime",
                    name="price_list",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Of its theater; empty: it has prices of its own.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="showtimes",
                        to="catalog.pricelist",
                    ),
                )
            ],
            database_operations=[
                migrations.AddField(
                    model_name="showtime",
                    name="price_list",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="catalog.pricelist",
                    ),
                ),
                migrations.RunSQL(
                    "ALTER TABLE showtimes ADD CONSTRAINT showtimes_follow_price_lists FOREIGN KEY (price_list_id)"
                    " REFERENCES price_lists (id) DEFERRABLE INITIALLY DEFERRED NOT VALID",
                    "ALTER TABLE showtimes DROP CONSTRAINT showtimes_follow_price_lists",
                ),
            ],
        ),
        AddConstraintNotValid(
            model_name="showtimeprice",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="prices_are_not_negative"),
        ),
        migrations.RemoveConstraint(model_name="showtimeprice", name="prices_are_positive"),
        migrations.AlterField(
            model_name="untoldchange",
            name="kind",
            field=models.CharField(
                choices=[
                    ("movie", "movie"),
                    ("theater", "theater"),
                    ("screen", "screen"),
                    ("price_list", "price_list"),
                ],
                max_length=10,
            ),
        ),
    ]
