"""Ticket types and price lists as managers keep them on the pages of the admin site."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from factories import (
    PRICES,
    RULES,
    PriceListFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    follow,
    with_types,
)

from catalog.models import Showtime, Theater
from catalog.tariff_models import PriceList, TicketType

pytestmark = pytest.mark.django_db


def staff(group: str) -> Client:
    user = User.objects.create(username=group, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def manager() -> Client:
    return staff("manager")


def address(page: str, *args: Any) -> str:
    return reverse(f"admin:catalog_{page}", args=args)


def shown_form(answer: Any) -> dict[str, Any]:
    """What a browser would send back of a page as it came."""
    form = answer.context["adminform"].form
    sent: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if value not in (None, "", False, []):
            sent[bound.html_name] = value
    return sent


def complaints(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def saved(answer: Any) -> None:
    assert answer.status_code == 302, answer.context["adminform"].form.errors


def test_a_hint_is_written_in_several_languages_a_line_for_each(manager: Client, theater: Theater) -> None:
    child = theater.ticket_types.get(code="child")
    page = address("tickettype_change", child.id)
    form = shown_form(manager.get(page))
    assert form["hints"] == "vi: đến 12 tuổi"
    saved(manager.post(page, {**form, "hints": f"{form['hints']}\r\nde: bis 12 Jahre"}))
    child.refresh_from_db()
    assert child.hints == {"vi": "đến 12 tuổi", "de": "bis 12 Jahre"}
    for wrong in ("de: a\nde: b", "German: bis 12 Jahre", "de:"):
        assert list(complaints(manager.post(page, {**form, "hints": wrong}))) == ["hints"]


def test_a_manager_makes_types_and_a_list_in_the_money_of_the_theater(manager: Client) -> None:
    theater = TheaterFactory(currency="EUR", time_zone="Europe/Berlin")
    for code in ("adult", "child"):
        form = {"theater": theater.id, "code": code, "name": code.capitalize(), "online": "on"}
        saved(manager.post(address("tickettype_add"), form))
    assert [(t.code, t.default) for t in theater.ticket_types.all()] == [("adult", True), ("child", False)]
    new = {"theater": theater.id, "name": "Everyday", "round_to": "50", "price__standard": "11.50"}
    saved(manager.post(address("pricelist_add"), new))
    made = PriceList.objects.get()
    assert made.prices == {"adult": {"standard": 1150}}
    page = address("pricelist_change", made.id)
    form = {
        **shown_form(manager.get(page)),
        "price_child_standard": "8",
        "rule_0_name": "3D",
        "rule_0_percent": "20",
        "rule_0_formats": ["3D"],
        "rule_0_order": "2",
        "rule_1_name": "Late",
        "rule_1_amount": "-1.50",
        "rule_1_from_time": "22:00",
        "rule_1_until_time": "02:00",
        "rule_1_weekdays": ["mon", "tue"],
        "rule_1_holiday": "no",
        "rule_1_order": "1",
        "fee_0_name": "Glasses",
        "fee_0_code": "glasses",
        "fee_0_per": "ticket",
        "fee_0_amount": "1",
        "early_0_days_before": "7",
        "early_0_percent": "10",
    }
    saved(manager.post(page, form))
    made.refresh_from_db()
    assert made.prices == {"adult": {"standard": 1150}, "child": {"standard": 800}}
    late, dearer = made.content.rules
    assert (late.name, late.amount, late.weekdays, late.holiday) == ("Late", -150, ("mon", "tue"), False)
    assert (dearer.name, dearer.percent, dearer.formats) == ("3D", 20, ("3D",))
    assert [(fee.code, fee.amount) for fee in made.content.fees] == [("glasses", 100)]
    assert made.early == [{"days_before": 7, "percent": 10}]


def test_saving_a_list_as_it_is_changes_nothing_and_an_emptied_name_takes_a_rule_off(
    manager: Client, emitted: Any
) -> None:
    made = PriceListFactory(rules=RULES)
    before = (made.prices, made.rules, made.fees, made.early, made.updated_at)
    page = address("pricelist_change", made.id)
    form = shown_form(manager.get(page))
    saved(manager.post(page, form))
    made.refresh_from_db()
    assert (made.prices, made.rules, made.fees, made.early, made.updated_at) == before
    saved(manager.post(page, {**form, "rule_0_name": ""}))
    made.refresh_from_db()
    assert [rule["name"] for rule in made.rules] == ["Loge"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"price_adult_standard": "-1"}, "price_adult_standard"),
        ({"price_adult_standard": "0.5"}, "price_adult_standard"),
        ({"price_adult_standard": ""}, "price_adult_standard"),
        ({"round_to": "0"}, "round_to"),
        ({"rule_0_percent": ""}, "rule_0_name"),
        ({"rule_2_name": "x", "rule_2_order": "1"}, "rule_2_name"),
        ({"rule_0_percent": "0"}, "rule_0_name"),
        ({"rule_0_from_time": "25:00", "rule_0_until_time": "26:00"}, "rule_0_name"),
        ({"rule_0_formats": ["VHS"]}, "rule_0_formats"),
        ({"fee_0_code": "3D!"}, "fee_0_name"),
        ({"early_1_days_before": "7", "early_1_percent": "20"}, "early_1_days_before"),
    ],
)
def test_what_is_wrong_with_a_list_is_told_at_its_field(manager: Client, fields: dict[str, Any], field: str) -> None:
    made = PriceListFactory(rules=RULES)
    page = address("pricelist_change", made.id)
    found = complaints(manager.post(page, {**shown_form(manager.get(page)), **fields}))
    assert list(found) == [field]


def test_a_default_that_ends_and_a_name_that_is_taken_are_told_on_the_page(manager: Client) -> None:
    theater = TheaterFactory()
    with_types(theater)
    adult = theater.ticket_types.get(code="adult")
    answer = manager.post(address("tickettype_change", adult.id), {"name": "Adult", "online": "on", "position": 1})
    assert list(complaints(answer)) == ["default"]
    again = {"theater": theater.id, "code": "child", "name": "Kid", "online": "on"}
    assert list(complaints(manager.post(address("tickettype_add"), again))) == ["__all__"]
    assert TicketType.objects.count() == 2


def test_what_a_showtime_costs_is_shown_with_the_rules_that_hold(manager: Client) -> None:
    showtime = ShowtimeFactory(format="3D")
    follow(showtime, PriceListFactory(theater=showtime.theater, rules=RULES))
    for client in (manager, staff("support")):
        page = client.get(address("showtime_change", showtime.id)).content.decode()
        assert "113,000 VND" in page  # a fifth more than 90,000, and 5,000
        assert "77,000 VND" in page
        assert "Rule 3D: 3D: +20 %" in page
        assert "3D glasses: 20,000 VND per ticket" in page
        assert "7 days before: -10 %" in page


def test_a_showtime_is_given_a_list_and_prices_of_its_own_again(manager: Client) -> None:
    showtime = ShowtimeFactory()
    listed = PriceListFactory(theater=showtime.theater, prices={"adult": {**PRICES, "standard": 70_000}})
    page = address("showtime_change", showtime.id)
    start = showtime.starts_at.astimezone(ZoneInfo(showtime.theater.time_zone))
    times = {"starts_at_0": f"{start:%Y-%m-%d}", "starts_at_1": f"{start:%H:%M}"}
    same = {**times, "format": "2D", "language": "vi", **{f"price_{name}": amount for name, amount in PRICES.items()}}
    both = {**same, "price_list": listed.id, "price_standard": "1"}
    assert list(complaints(manager.post(page, both))) == ["price_list"]
    other = PriceListFactory()
    assert list(complaints(manager.post(page, {**same, "price_list": other.id}))) == ["price_list"]
    saved(manager.post(page, {**same, "price_list": listed.id}))
    showtime = Showtime.objects.get(id=showtime.id)
    assert (showtime.price_list, showtime.amounts["standard"]) == (listed, 70_000)
    saved(manager.post(page, {**same, "price_standard": "0"}))
    showtime = Showtime.objects.get(id=showtime.id)
    assert (showtime.price_list, showtime.amounts["standard"]) == (None, 0)


def test_a_theater_s_page_leads_to_its_types_and_lists_and_support_reads_them(manager: Client) -> None:
    made = PriceListFactory(rules=RULES)
    page = manager.get(address("theater_change", made.theater_id)).content.decode()
    assert address("pricelist_change", made.id) in page
    assert "child, up to 12 years, accompanied" in page
    assert "They are added once the theater is saved." in manager.get(address("theater_add")).content.decode()
    support = staff("support")
    read = support.get(address("pricelist_change", made.id)).content.decode()
    assert "Loge: always: +5,000 VND" in read
    assert support.post(address("pricelist_change", made.id), {"name": "x"}).status_code == 403


def test_a_price_list_is_picked_by_its_name_and_theater(manager: Client) -> None:
    made = PriceListFactory(name="Weekend", theater=ScreenFactory().theater)
    found = manager.get(
        "/admin/catalog/autocomplete/?app_label=catalog&model_name=showtime&field_name=price_list&term=Week"
    )
    assert [result["text"] for result in found.json()["results"]] == [str(made)]


def of_showtime(showtime: Showtime) -> dict[str, str]:
    """The start as the form of a showtime wants it."""
    start = showtime.starts_at.astimezone(ZoneInfo(showtime.theater.time_zone))
    return {"starts_at_0": f"{start:%Y-%m-%d}", "starts_at_1": f"{start:%H:%M}"}


def test_a_showtime_has_prices_of_its_own_for_each_ticket_type(manager: Client, emitted: Any) -> None:
    theater = TheaterFactory(currency="EUR", time_zone="Europe/Berlin")
    with_types(theater)
    showtime = ShowtimeFactory(screen=ScreenFactory(theater=theater))
    page = address("showtime_change", showtime.id)

    def save(**fields: Any) -> Showtime:
        form = {**shown_form(manager.get(page)), **of_showtime(showtime), **fields}
        saved(manager.post(page, {name: value for name, value in form.items() if value is not None}))
        return Showtime.objects.get(id=showtime.id)

    assert (save().type_prices, emitted()) == (None, [])
    own = save(own_child="on", price_child_standard="8.50", price_child_premium="10")
    assert own.type_prices == {"child": {"standard": 850, "premium": 1000}}
    assert own.offer is not None
    assert own.offer.prices["child"] == {"standard": 850, "premium": 1000}
    assert save().revision == own.revision
    assert save(price_child_standard=None, price_child_premium=None).type_prices == {"child": {}}
    assert save(own_child=None).type_prices is None
    listed = PriceListFactory(theater=theater, prices={"adult": PRICES, "child": {"standard": 500}})
    assert save(price_list=listed.id).price_list == listed
    left = save(price_list=None)
    assert (left.price_list, left.type_prices) == (None, {"child": {"standard": 500}})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"own_child": "on", "price_child_standard": "-1"}, "price_child_standard"),
        ({"own_child": "on", "price_child_standard": "0.5"}, "price_child_standard"),
        ({"own_child": "on", "price_child_standard": "9999999999999"}, "own_child"),
        ({"own_child": "on", "price_child_standard": "eight"}, "price_child_standard"),
        ({"price_list": "of the theater", "own_child": "on"}, "price_list"),
    ],
)
def test_what_is_wrong_with_prices_of_a_type_is_told_at_its_field(
    manager: Client, fields: dict[str, Any], field: str
) -> None:
    showtime = ShowtimeFactory()
    with_types(showtime.theater)
    if "price_list" in fields:
        fields = fields | {"price_list": PriceListFactory(theater=showtime.theater).id}
    page = address("showtime_change", showtime.id)
    form = {**shown_form(manager.get(page)), **of_showtime(showtime), **fields}
    assert list(complaints(manager.post(page, form))) == [field]


def test_prices_of_types_are_the_managers_to_set(manager: Client) -> None:
    showtime = ShowtimeFactory()
    with_types(showtime.theater)
    page, support = address("showtime_change", showtime.id), staff("support")
    assert "own_child" in manager.get(page).content.decode()
    assert "own_child" not in support.get(page).content.decode()
    assert support.post(page, {**of_showtime(showtime), "own_child": "on"}).status_code == 403


def copying(client: Client, *lists: Any, **form: Any) -> Any:
    chosen = {"action": "copy", "_selected_action": [str(each.pk) for each in lists]}
    return client.post(address("pricelist_changelist"), {**chosen, **form})


def test_a_price_list_is_copied_and_the_copy_is_open_to_be_changed(manager: Client) -> None:
    made = PriceListFactory(rules=RULES)
    assert "says what" in copying(manager, made).content.decode()
    answer = copying(manager, made, name="Summer", theater=made.theater_id)
    copied = PriceList.objects.exclude(id=made.id).get()
    assert answer.url == address("pricelist_change", copied.id)
    assert (copied.name, copied.content) == ("Summer", made.content)
    other = TheaterFactory(currency=made.theater.currency)
    with_types(other)
    assert copying(manager, made, name="Summer", theater=other.id).status_code == 302
    assert other.price_lists.get().content == made.content


def test_a_copy_that_does_not_fit_says_why_and_none_is_made(manager: Client) -> None:
    made, other = PriceListFactory(), PriceListFactory()
    euro = TheaterFactory(currency="EUR")
    for name, theater, field in (
        (made.name, made.theater_id, "name"),
        ("x" * 61, made.theater_id, "name"),
        ("Summer", euro.id, "theater"),
        ("Summer", TheaterFactory().id, "theater"),
        ("Summer", "no id", "theater"),
        ("", made.theater_id, "name"),
    ):
        assert list(copying(manager, made, name=name, theater=theater).context["form"].errors) == [field]
    assert copying(manager, made, other).status_code == 302
    copying(staff("support"), made, name="Summer", theater=made.theater_id)
    assert PriceList.objects.count() == 2
