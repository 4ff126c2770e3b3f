"""Pages of ticket types and price lists, and what a showtime costs, shown as a table."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog import price_lists, tariffs, ticket_types
from catalog.files_admin import PriceListsFromFiles
from catalog.models import Showtime, Theater
from catalog.price_fields import cell
from catalog.pricing import facts_of
from catalog.service_admin import ServiceAdmin
from catalog.tariff_forms import LINES, CopyForm, PriceListForm, TicketTypeForm
from catalog.tariff_models import PriceList, TicketType
from chassis.admin import actor_of
from chassis.money import Money, format_money
from chassis.storage.audit_log import Actor
from chassis.web.problems import Problem

NONE_YET = SafeString("None yet")


def ticket_types_of(theater: Theater) -> SafeString:
    """Each with a link to its page, and what is particular about it."""
    rows = []
    for type_ in theater.ticket_types.all():
        marks = {"default": type_.default, "at the desk alone": not type_.online, "accompanied": type_.accompanied}
        said = [type_.hint, *(mark for mark, holds in marks.items() if holds)]
        rows.append((reverse("admin:catalog_tickettype_change", args=[type_.id]), type_.name, type_.code, _after(said)))
    return format_html_join("", '<div><a href="{}">{}</a> {}{}</div>', rows) or NONE_YET


def price_lists_of(theater: Theater) -> SafeString:
    links = [
        (reverse("admin:catalog_pricelist_change", args=[each.id]), each.name) for each in theater.price_lists.all()
    ]
    return format_html_join(", ", '<a href="{}">{}</a>', links) or NONE_YET


@admin.register(TicketType)
class TicketTypeAdmin(ServiceAdmin):
    theater_path = "theater_id"
    few_rows = True
    form = TicketTypeForm
    list_display = ["name", "theater", "code", "hint", "online", "default", "accompanied", "position"]
    list_filter = ["theater"]
    list_select_related = ["theater"]
    search_fields = ["name", "code", "theater__name"]
    autocomplete_fields = ["theater"]
    fields = [*TicketTypeForm.Meta.fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["theater", "code"]

    def remove(self, row: TicketType, actor: Actor) -> None:
        ticket_types.remove_ticket_type(theater_id=row.theater_id, ticket_type_id=row.id, actor=actor)

    def kept_because(self, row: TicketType) -> str:
        return ticket_types.kept_because(row)


@admin.register(PriceList)
class PriceListAdmin(PriceListsFromFiles, ServiceAdmin):
    theater_path = "theater_id"
    few_rows = True
    form = PriceListForm
    list_display = ["name", "theater", "types", "rule_count"]
    list_filter = ["theater"]
    list_select_related = ["theater"]
    search_fields = ["name", "theater__name", "theater__city"]
    autocomplete_fields = ["theater"]
    actions = ["copy"]

    @admin.action(description="Copy the selected price list…", permissions=["add"])
    def copy(self, request: HttpRequest, queryset: QuerySet[PriceList]) -> HttpResponse | None:
        """Asks for the name first; then the page of the copy is open."""
        chosen = list(queryset[:2])
        if len(chosen) != 1:
            self.message_user(request, "One price list is copied at a time.", messages.ERROR)
            return None
        [price_list] = chosen
        form = CopyForm(request.POST if "name" in request.POST else None, initial={"theater": price_list.theater_id})
        if form.is_valid():
            theater_id, name = form.cleaned_data["theater"].id, form.cleaned_data["name"]
            try:
                made = price_lists.copy_price_list(
                    price_list_id=price_list.id, theater_id=theater_id, name=name, actor=actor_of(request)
                )
            except Problem as problem:
                form.refuse(problem)
            else:
                self.message_user(request, f"Copied: {made}.", messages.SUCCESS)
                return redirect("admin:catalog_pricelist_change", made.id)
        return self.ask(
            request,
            "admin/catalog/copy_price_list.html",
            title="Copy a price list",
            action="copy",
            about=[price_list],
            button="Copy it",
            price_list=price_list,
            form=form,
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the theater, which a list is called after: where one is picked for a showtime too."""
        lists: QuerySet[Any] = super().get_queryset(request).select_related("theater")
        return lists

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["theater", "contents"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The other fields are the form's own, made for each list.
        known = set(self.get_readonly_fields(request, obj))
        kwargs["fields"] = [name for name in PriceListForm.Meta.fields if name not in known]
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        head = ["theater", "name", "round_to"]
        if obj is None:
            of_default = [cell("", category) for category in tariffs.CATEGORIES]
            return [(None, {"fields": head}), ("Prices of the default ticket type", {"fields": [of_default]})]
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": [*head, "contents"]})]
        form = PriceListForm(instance=obj)
        grid = [
            [cell(type_.code, category) for category in tariffs.CATEGORIES] for type_ in obj.theater.ticket_types.all()
        ]
        rows = [
            (
                f"{kind.capitalize()} {n + 1}",
                {"fields": [[f"{kind}_{n}_{name}" for name in line] for line in LINES[kind]]},
            )
            for kind, count in form.rows.items()
            for n in range(count)
        ]
        return [(None, {"fields": head}), (f"Prices, {obj.theater.currency}", {"fields": grid}), *rows]

    @admin.display(description="Ticket types")
    def types(self, price_list: PriceList) -> str:
        return ", ".join(price_list.prices)

    @admin.display(description="Rules")
    def rule_count(self, price_list: PriceList) -> int:
        return len(price_list.rules)

    @admin.display(description="Contents")
    def contents(self, price_list: PriceList) -> SafeString:
        content, currency = price_list.content, price_list.theater.currency
        said = [tariffs.rule_in_words(rule, currency) for rule in content.rules]
        said += [tariffs.fee_in_words(fee, currency) for fee in content.fees]
        said += [tariffs.early_in_words(step) for step in content.early]
        return _table(content.prices, currency) + _listed(said)

    def remove(self, row: PriceList, actor: Actor) -> None:
        price_lists.remove_price_list(theater_id=row.theater_id, price_list_id=row.id, actor=actor)

    def kept_because(self, row: PriceList) -> str:
        return "A price list with showtimes stays; give those to come another." if row.showtimes.exists() else ""


def what_it_costs(showtime: Showtime) -> SafeString:
    """All that a showtime is sold at, and which rules of its list made it so."""
    offer, currency = showtime.offer, showtime.currency
    if offer is None:
        return _table({tariffs.STANDARD.code: showtime.amounts}, currency)
    said = [tariffs.fee_in_words(fee, currency) for fee in offer.fees]
    said += [tariffs.early_in_words(step) for step in offer.early]
    tax, where = offer.tax, "included" if offer.tax.included else "on top"
    said.append(f"Tax {where}: {tax.ticket / 100:g} % of tickets, {tax.fee / 100:g} % of fees")
    if showtime.price_list is not None:
        rules = tariffs.holding(showtime.price_list.content.rules, facts_of(showtime))
        said += [f"Rule {tariffs.rule_in_words(rule, currency)}" for rule in rules]
    return _table(offer.prices, currency) + _listed(said)


def _table(prices: tariffs.Prices, currency: str) -> SafeString:
    known = {category for row in prices.values() for category in row}
    categories = [category for category in tariffs.CATEGORIES if category in known]
    head = format_html_join("", "<th>{}</th>", [(category,) for category in categories])
    lines = [(code, _cells([row.get(category) for category in categories], currency)) for code, row in prices.items()]
    body = format_html_join("", "<tr><th>{}</th>{}</tr>", lines)
    return format_html("<table><tr><td></td>{}</tr>{}</table>", head, body)


def _cells(amounts: list[int | None], currency: str) -> SafeString:
    shown = [("-" if amount is None else format_money(Money(amount, currency)),) for amount in amounts]
    return format_html_join("", "<td>{}</td>", shown)


def _after(words: list[str]) -> str:
    return "".join(f", {word}" for word in words if word)


def _listed(sentences: list[str]) -> SafeString:
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", [(said,) for said in sentences]))
