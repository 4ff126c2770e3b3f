"""Promotions, their codes, and the bookings that use them."""

import bookings.words
import chassis.ids
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0025_free_seats_are_held"),
    ]

    operations = [
        migrations.CreateModel(
            name="Promotion",
            fields=[
                ("id", models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(help_text="Among staff.", max_length=100)),
                (
                    "label",
                    models.CharField(help_text="What customers read on the line of their booking.", max_length=60),
                ),
                ("off", models.CharField(choices=bookings.words.offs, max_length=8, verbose_name="what is taken off")),
                (
                    "value",
                    models.BigIntegerField(
                        help_text="The percent, the amount in minor units for all of a booking, or how many tickets are free."
                    ),
                ),
                (
                    "currency",
                    models.CharField(blank=True, default="", help_text="Of an amount; of nothing else.", max_length=3),
                ),
                (
                    "ticket_types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="Their codes; none: of any type.",
                        size=None,
                    ),
                ),
                (
                    "theaters",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "movies",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "weekdays",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        blank=True,
                        default=list,
                        help_text="Of the showtime; 1 is Monday.",
                        size=None,
                    ),
                ),
                (
                    "min_tickets",
                    models.PositiveSmallIntegerField(
                        default=1, help_text="That a booking must have.", verbose_name="fewest tickets"
                    ),
                ),
                (
                    "sold_from",
                    models.DateTimeField(blank=True, help_text="From when on its codes are taken.", null=True),
                ),
                (
                    "sold_until",
                    models.DateTimeField(blank=True, help_text="Until when its codes are taken.", null=True),
                ),
                (
                    "starts_from",
                    models.DateTimeField(
                        blank=True, help_text="By their start.", null=True, verbose_name="showtimes from"
                    ),
                ),
                (
                    "starts_until",
                    models.DateTimeField(
                        blank=True, help_text="By their start.", null=True, verbose_name="showtimes before"
                    ),
                ),
                (
                    "most_per_customer",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Bookings with any of its codes; none: no limit.",
                        null=True,
                        verbose_name="most uses of a customer",
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "stopped_at",
                    models.DateTimeField(
                        editable=False, help_text="Since then no code is taken.", null=True, verbose_name="stopped"
                    ),
                ),
            ],
            options={
                "db_table": "promotions",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="PromoCode",
            fields=[
                ("id", models.UUIDField(default=chassis.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "digest",
                    models.BinaryField(help_text="What it is found by (chassis.codes).", max_length=32, unique=True),
                ),
                (
                    "word",
                    models.CharField(
                        blank=True, default="", help_text="Of a campaign; a voucher has none.", max_length=40
                    ),
                ),
                ("last4", models.CharField(max_length=4, verbose_name="last signs")),
                (
                    "most_uses",
                    models.PositiveIntegerField(blank=True, help_text="None: as often as anybody likes.", null=True),
                ),
                (
                    "uses",
                    models.PositiveIntegerField(
                        default=0, editable=False, help_text="Counted against most_uses: PromoUse rows with `counted`."
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "promotion",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="codes",
                        to="bookings.promotion",
                    ),
                ),
            ],
            options={
                "verbose_name": "promo code",
                "db_table": "promo_codes",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="PromoUse",
            fields=[
                (
                    "booking",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="promo_use",
                        serialize=False,
                        to="bookings.booking",
                    ),
                ),
                ("user_id", models.UUIDField()),
                (
                    "seat_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), help_text="Those that came cheaper.", size=None
                    ),
                ),
                ("given_back_at", models.DateTimeField(null=True)),
                ("counted", models.BooleanField(default=True)),
                (
                    "code",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="used",
                        to="bookings.promocode",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="used",
                        to="bookings.promotion",
                    ),
                ),
            ],
            options={
                "verbose_name": "use of a promo code",
                "verbose_name_plural": "uses of promo codes",
                "db_table": "promo_uses",
                "ordering": ["-booking"],
            },
        ),
        migrations.AddIndex(
            model_name="promocode",
            index=models.Index(fields=["promotion", "-id"], name="promo_codes_of_promotion"),
        ),
        migrations.AddIndex(
            model_name="promocode",
            index=models.Index(fields=["word"], name="promo_codes_by_word"),
        ),
        migrations.AddIndex(
            model_name="promocode",
            index=models.Index(fields=["last4"], name="promo_codes_by_end"),
        ),
        migrations.AddConstraint(
            model_name="promocode",
            constraint=models.CheckConstraint(
                condition=models.Q(("most_uses", None), ("uses__lte", models.F("most_uses")), _connector="OR"),
                name="promo_codes_within_bound",
            ),
        ),
        migrations.AddIndex(
            model_name="promouse",
            index=models.Index(fields=["code", "-booking"], name="promo_uses_of_code"),
        ),
        migrations.AddIndex(
            model_name="promouse",
            index=models.Index(fields=["promotion", "-booking"], name="promo_uses_of_promotion"),
        ),
        migrations.AddIndex(
            model_name="promouse",
            index=models.Index(
                condition=models.Q(("given_back_at", None)),
                fields=["promotion", "user_id"],
                name="promo_uses_of_customer",
            ),
        ),
        migrations.AddIndex(
            model_name="promouse",
            index=models.Index(
                condition=models.Q(("counted", True), ("given_back_at__isnull", False)),
                fields=["code"],
                name="promo_uses_given_back",
            ),
        ),
    ]
