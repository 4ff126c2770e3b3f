"""Where managers keep promotions: the rule, its codes, and who used them."""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from bookings import promo_files, promo_rules, promotions, words
from bookings.models import Customer
from bookings.prices import Off
from bookings.promo_choices import movies_offered, theaters_offered, with_known
from bookings.promo_models import RULES, PromoCode, Promotion, PromoUse
from bookings.theaters import held_within, promotions_at, refuse_promotion
from chassis.admin import ReadOnlyAdmin, ReadOnlyInline, actor_of
from chassis.codes import MAX_TYPED
from chassis.money import DECIMALS, Money, to_major, to_minor
from chassis.storage.audit_log import Actor
from chassis.theaters import Theaters
from chassis.web.import_admin import ImportAdmin
from chassis.web.importing import Columns, Imported
from chassis.web.problems import Problem
from chassis.web.searching import REACH
from chassis.web.spreadsheets import CSV, download
from chassis.web.tables import Table
from chassis.web.theaters import theaters_of

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# So many promotions are offered where one is chosen, the newest first.
MOST_OFFERED = 200


def _several(label: str, said: str, coerce: Any = UUID) -> Any:
    return forms.TypedMultipleChoiceField(coerce=coerce, required=False, label=label, help_text=said)


class PromotionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """Amounts as people write them: 12.50 EUR, which the row has as 1250.

    limit: the theaters that whoever fills it in is limited to, set where the form is made for a request.
    """

    limit: Theaters = None

    value = forms.DecimalField(
        min_value=Decimal(0), max_digits=20, help_text="The percent, the amount off the booking, or how many tickets."
    )
    currency = forms.CharField(max_length=3, required=False, help_text="Of an amount: EUR. Of nothing else.")
    ticket_types = forms.CharField(
        required=False, help_text="Their codes with commas between them: child, student. None: of any type."
    )
    theaters = _several("theaters", "None: everywhere.")
    movies = _several("films", "Of showtimes to come. None: any.")
    weekdays = _several("days of the week", "On which the showtime starts. None: any.", int)

    class Meta:
        model = Promotion
        fields = ["name", "label", *RULES]

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        row = self.instance
        self.fields["theaters"].choices = with_known(theaters_offered(self.limit), row.theaters)  # type: ignore[attr-defined]  # of a choice field
        self.fields["movies"].choices = with_known(movies_offered(), row.movies)  # type: ignore[attr-defined]  # likewise
        self.fields["weekdays"].choices = list(enumerate(WEEKDAYS, start=1))  # type: ignore[attr-defined]  # likewise
        self.initial["ticket_types"] = ", ".join(row.ticket_types)
        if row.off == Off.AMOUNT:
            self.initial["value"] = to_major(Money(row.value, row.currency))

    def clean_theaters(self) -> list[UUID]:
        theaters: list[UUID] = self.cleaned_data["theaters"]
        try:
            refuse_promotion(self.limit, theaters)
        except Problem as problem:
            raise forms.ValidationError(problem.detail) from None
        return theaters

    def clean_ticket_types(self) -> list[str]:
        return [code for part in self.cleaned_data["ticket_types"].split(",") if (code := part.strip())]

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return data
        data["value"] = self._value(data)
        if not self.errors:
            for name, said in promo_rules.faults(promo_rules.Rules(**{name: data[name] for name in RULES})):
                self.add_error(name, said)
        return data

    def _value(self, data: dict[str, Any]) -> int:
        value: Decimal = data["value"]
        if data["off"] == Off.AMOUNT and data["currency"] in DECIMALS:
            try:
                return to_minor(value, data["currency"])
            except ValueError as exc:
                self.add_error("value", str(exc))
        elif value != value.to_integral_value():
            self.add_error("value", "A whole number.")
        return int(value)


class WordForm(forms.Form):
    word = forms.CharField(max_length=MAX_TYPED, help_text="Letters from A to Z and digits.")
    most_uses = forms.IntegerField(
        min_value=1, max_value=promo_rules.MOST_USES, required=False, help_text="Bookings that have it. None: no limit."
    )


class VouchersForm(forms.Form):
    count = forms.IntegerField(
        min_value=1, max_value=promotions.MOST_VOUCHERS, help_text="Each is good for one booking."
    )


def _taken_off(row: Any) -> str:
    return words.taken_off(Off(row.off), row.value, row.currency)


taken_off: Any = admin.display(description="takes off")(_taken_off)


@admin.register(Promotion)
class PromotionAdmin(ImportAdmin):
    imports, most_lines = "vouchers", promo_files.MOST_VOUCHERS
    few_rows = True
    recorded_by_service = True
    form = PromotionForm
    list_display = ["name", "label", taken_off, "sold_from", "sold_until", "stopped_at"]
    list_filter = ["off", ("stopped_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "label"]
    readonly_fields = ["its_codes", "its_uses", "created_at", "stopped_at"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "name",
                    "label",
                    "off",
                    "value",
                    "currency",
                    "its_codes",
                    "its_uses",
                    "created_at",
                    "stopped_at",
                ]
            },
        ),
        ("When", {"fields": ["sold_from", "sold_until", "starts_from", "starts_until", "weekdays"]}),
        ("Of what", {"fields": ["theaters", "movies", "ticket_types", "min_tickets"]}),
        ("How often", {"fields": ["most_per_customer"]}),
    ]
    ordering = ["-id"]
    actions = ["stop"]

    def at_theaters(self, theaters: Collection[UUID], path: str = "") -> Q:
        return held_within(theaters, f"{path}theaters")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"limit": theaters_of(request)})

    def kept_because(self, row: Promotion) -> str:
        return "A promotion is stopped and never deleted, for bookings were made with it."

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.stopped_at is None)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Promotion | None:
        """Locked where it is about to be saved: nobody stops it meanwhile."""
        promotion: Promotion | None = super().get_object(request, object_id, from_field)
        if promotion is None or request.method != "POST":
            return promotion
        return Promotion.objects.select_for_update(no_key=True).get(pk=promotion.pk)

    def save_model(self, request: HttpRequest, obj: Promotion, form: Any, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in PromotionForm.Meta.fields}
        if change:
            promotions.change_promotion(promotion_id=obj.pk, actor=actor_of(request), **fields)
        else:
            promotions.add_promotion(actor=actor_of(request), id=obj.pk, **fields)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing: Django would take it from the address, where a moment may be any text."""
        return {}

    def places(self, request: HttpRequest) -> Iterable[Any]:
        return promotions_at(theaters_of(request)).filter(stopped_at=None).order_by("-id")[:MOST_OFFERED]

    def place(self, request: HttpRequest, key: str) -> Promotion | None:
        try:
            return promotions_at(theaters_of(request)).filter(id=UUID(key)).first()
        except ValueError:
            return None

    def columns(self, place: Promotion) -> Columns:
        return promo_files.VOUCHERS

    def carry_out(self, place: Promotion, table: Table, *, actor: Actor, dry_run: bool) -> Imported:
        return promo_files.import_vouchers(promotion_id=place.pk, table=table, actor=actor, dry_run=dry_run)

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_codes_permission(request)

    def has_codes_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bookings.add_promocode")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is yet to be made has no codes and was never stopped."""
        if obj is not None:
            return self.fieldsets
        (_, first), *others = self.fieldsets
        shown = [name for name in first["fields"] if name not in self.readonly_fields]
        return [(None, {"fields": shown}), *others]

    @admin.display(description="codes")
    def its_codes(self, promotion: Promotion) -> str:
        there = reverse("admin:bookings_codes", args=[promotion.pk])
        return format_html('<a href="{}">Words and vouchers</a>', there)

    @admin.display(description="used by")
    def its_uses(self, promotion: Promotion) -> str:
        there = reverse("admin:bookings_promouse_changelist")
        return format_html('<a href="{}?promotion__id__exact={}">Bookings</a>', there, promotion.pk)

    @admin.action(description="Stop the selected promotions…", permissions=["change"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Promotion]) -> HttpResponse | None:
        """Asks first, for it is for good."""
        if "sure" not in request.POST:
            return self.ask(
                request,
                "admin/bookings/stop_promotions.html",
                title="Stop promotions",
                action="stop",
                about=queryset,
                button="Stop them",
                leave="Leave them",
                promotions=queryset,
            )
        for promotion in queryset:
            promotions.stop_promotion(promotion_id=promotion.pk, actor=actor_of(request))
        self.message_user(request, f"Stopped: {words.count(len(queryset), 'promotion')}.", messages.SUCCESS)
        return None

    def get_urls(self) -> list[URLPattern]:
        codes = path("<uuid:promotion_id>/codes/", self.admin_site.admin_view(self.codes_view), name="bookings_codes")
        return [codes, *super().get_urls()]

    def codes_view(self, request: HttpRequest, promotion_id: UUID) -> HttpResponseBase:
        """What there is of codes; who may adds words, and makes vouchers, which are then in a file and nowhere else."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        promotion = get_object_or_404(promotions_at(theaters_of(request)), id=promotion_id)
        making = request.method == "POST" and "count" in request.POST
        word = WordForm(request.POST if request.method == "POST" and not making else None)
        vouchers = VouchersForm(request.POST if making else None)
        if request.method == "POST":
            if not self.has_codes_permission(request):
                raise PermissionDenied
            try:
                if making and vouchers.is_valid():
                    return self._made(request, promotion, vouchers.cleaned_data["count"])
                if not making and word.is_valid():
                    return self._added(request, promotion, **word.cleaned_data)
            except Problem as problem:
                said = [error["detail"] for error in problem.errors or ()] or [problem.detail]
                self.message_user(request, " ".join(said), messages.ERROR)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Codes of {promotion}",
            "opts": self.opts,
            "promotion": promotion,
            "takes_off": _taken_off(promotion),
            "word": word,
            "vouchers": vouchers,
            "may_add": self.has_codes_permission(request) and promotion.stopped_at is None,
        }
        return TemplateResponse(request, "admin/bookings/codes.html", context)

    def _added(self, request: HttpRequest, promotion: Promotion, word: str, most_uses: int | None) -> HttpResponse:
        """Raises Problem."""
        promotions.add_word(promotion_id=promotion.pk, word=word, most_uses=most_uses, actor=actor_of(request))
        self.message_user(request, "The word is a code from now on.", messages.SUCCESS)
        return redirect("admin:bookings_codes", promotion.pk)

    def _made(self, request: HttpRequest, promotion: Promotion, count: int) -> HttpResponseBase:
        """Raises Problem."""
        codes = promotions.make_vouchers(promotion_id=promotion.pk, count=count, actor=actor_of(request))
        return download(f"vouchers-{promotion.pk}", CSV, ["code"], ([code] for code in codes))


@admin.register(PromoCode)
class PromoCodeAdmin(ReadOnlyAdmin):
    belongs_to = "promotion"
    list_display = ["code", "promotion", "how_often", "most_uses", "created_at"]
    list_filter = ["promotion"]
    list_select_related = ["promotion"]
    search_fields = ["=word", "=last4"]
    search_help_text = "A word, or the last four signs of a voucher."
    readonly_fields = ["code", "promotion", "how_often", "most_uses", "created_at"]
    fields = [*readonly_fields]
    ordering = ["-id"]

    def look_up(self, rows: Sequence[Any]) -> None:
        """By how many bookings each of the page is used."""
        uses = promotions.uses_of(rows)
        for row in rows:
            row.used_by = uses[row.pk]

    @admin.display(description="code")
    def code(self, row: PromoCode) -> str:
        return str(row)

    @admin.display(description="used by")
    def how_often(self, row: Any) -> str:
        if row.used_by > promotions.MOST_SHOWN:
            return f"more than {promotions.MOST_SHOWN:,} bookings"
        return words.count(row.used_by, "booking")


@admin.display(description="now")
def _state(use: PromoUse) -> str:
    return "used" if use.given_back_at is None else "given back: the code may be used once more"


state: Any = _state


class UseInline(ReadOnlyInline):
    """On the page of a booking: what it came cheaper by."""

    model = PromoUse
    verbose_name_plural = "promo code"
    readonly_fields = ["code", "promotion", state]
    fields = [*readonly_fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("booking", "code", "promotion")


@admin.register(PromoUse)
class PromoUseAdmin(ReadOnlyAdmin):
    belongs_to = "booking"
    reach = REACH // 2
    list_display = ["booking", "customer", "code", "promotion", "seats", state]
    list_filter = ["promotion"]
    list_select_related = ["booking", "code", "promotion"]
    search_fields = ["=booking__reference", "=code__word", "=code__last4"]
    search_help_text = "The reference of a booking, a word, or the last four signs of a voucher."
    readonly_fields = ["booking", "customer", "code", "promotion", "seats", state]
    fields = [*readonly_fields]
    ordering = ["-booking"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        address = Customer.objects.filter(user_id=OuterRef("user_id")).values("email")
        found: QuerySet[Any] = super().get_queryset(request).annotate(customer_email=Subquery(address))
        return found.select_related("booking", "code", "promotion")

    @admin.display(description="customer")
    def customer(self, use: Any) -> str:
        return use.customer_email or "-"

    @admin.display(description="came cheaper")
    def seats(self, use: PromoUse) -> str:
        return words.count(len(use.seat_ids), "seat")
