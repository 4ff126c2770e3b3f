"""Price lists of a theater: added, changed and removed; their showtimes to come are told later (catalog.untold).

actor: who of staff does it, for the audit log; None where a program does.

The theater is locked first, and with it everything that its showtimes are priced by.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef

from catalog import tariffs
from catalog.cache import catalog_changed
from catalog.domain import Kind
from catalog.errors import InvalidFields, NameTaken, PriceListInUse, PriceListNotFound, TheaterNotFound
from catalog.models import Screen, Showtime, Theater
from catalog.pricing import default_of, types_of
from catalog.records import record_added, record_changed, record_removed, state
from catalog.rows import assign, refusing
from catalog.scheduling import showtimes_to_come
from catalog.tariff_models import CONTENT, PriceList
from catalog.theaters import refuse_elsewhere
from catalog.untold import tell_later
from chassis.storage.audit_log import Actor


class PriceListFields(TypedDict, total=False):
    """As JSON has them: rules, fees and early with the fields of catalog.tariffs."""

    name: str
    currency: str
    prices: Mapping[str, Mapping[str, int]]
    rules: Sequence[Mapping[str, Any]]
    fees: Sequence[Mapping[str, Any]]
    early: Sequence[Mapping[str, Any]]
    round_to: int


_NAME = "price_lists_have_names_of_their_own"


def add_price_list(*, theater_id: UUID, actor: Actor | None = None, **fields: Unpack[PriceListFields]) -> PriceList:
    """A list that showtimes of the theater may follow. currency: the theater's.

    Raises TheaterNotFound, NameTaken, InvalidFields.
    """
    with refusing(_NAME, NameTaken("Another price list of the theater has this name.")):
        theater = locked_theater(theater_id)
        refuse_elsewhere(actor, theater.id)
        if theater.price_lists.count() >= tariffs.MOST_LISTS:
            raise InvalidFields(name=f"A theater has {tariffs.MOST_LISTS} price lists at most.")
        price_list = PriceList(theater=theater, **_checked(PriceList(), theater, fields))
        price_list.save(force_insert=True)
        record_added(actor, price_list)
    return price_list


def copy_price_list(*, price_list_id: UUID, theater_id: UUID, name: str, actor: Actor | None = None) -> PriceList:
    """Another list that says the same, of this theater. No showtime follows it yet.

    Raises PriceListNotFound, TheaterNotFound, NameTaken; InvalidFields also where the theater has another currency, or
    lacks a ticket type.
    """
    source = PriceList.objects.select_related("theater").filter(id=price_list_id).first()
    if source is None:
        raise PriceListNotFound
    refuse_elsewhere(actor, source.theater_id)
    says: PriceListFields = {
        "name": name,
        "currency": source.theater.currency,
        "round_to": source.round_to,
        "prices": source.prices,
        "rules": source.rules,
        "fees": source.fees,
        "early": source.early,
    }
    return add_price_list(theater_id=theater_id, actor=actor, **says)


def change_price_list(
    *, theater_id: UUID, price_list_id: UUID, actor: Actor | None = None, **fields: Unpack[PriceListFields]
) -> PriceList:
    """What is given replaces what was. Its showtimes to come are priced anew, and told, later.

    Raises PriceListNotFound, NameTaken; InvalidFields, also where a seat of a showtime to come would have no price.
    """
    with refusing(_NAME, NameTaken("Another price list of the theater has this name.")):
        theater, price_list = _locked(theater_id, price_list_id)
        refuse_elsewhere(actor, theater.id)
        before = state(price_list)
        changed = assign(price_list, _checked(price_list, theater, fields))
        if changed:
            price_list.save(update_fields=[*changed, "updated_at"])
            record_changed(actor, price_list, before)
        if changed & set(CONTENT):
            _refuse_gaps(price_list, default_of(types_of(theater)))
            tell_later(Kind.PRICE_LIST, price_list.id)
            catalog_changed()
    return price_list


def remove_price_list(*, theater_id: UUID, price_list_id: UUID, actor: Actor | None = None) -> None:
    """Raises PriceListNotFound; PriceListInUse when it has, or had, showtimes."""
    with transaction.atomic():
        theater, price_list = _locked(theater_id, price_list_id)
        refuse_elsewhere(actor, theater.id)
        if Showtime.objects.filter(price_list=price_list).exists():
            raise PriceListInUse("A price list with showtimes stays; give those to come another.")
        record_removed(actor, price_list)
        price_list.delete()


def _refuse_gaps(price_list: PriceList, default: str) -> None:
    """Raises InvalidFields where a hall of showtimes to come has seats that the default type has no price in."""
    to_come = showtimes_to_come(price_list_id=price_list.id).filter(screen_id=OuterRef("id"))
    screens = Screen.objects.filter(Exists(to_come), theater_id=price_list.theater_id)
    needed = {category for row in screens.values_list("categories", flat=True) for category in row}
    missing = tariffs.uncovered(price_list.prices, default, needed)
    if missing:
        raise InvalidFields(**{f"prices/{default}": f"Halls of showtimes to come have seats {', '.join(missing)}."})


def locked_theater(theater_id: UUID) -> Theater:
    """Raises TheaterNotFound."""
    theater = Theater.objects.select_for_update(no_key=True).filter(id=theater_id).first()
    if theater is None:
        raise TheaterNotFound
    return theater


def _locked(theater_id: UUID, price_list_id: UUID) -> tuple[Theater, PriceList]:
    theater = Theater.objects.select_for_update(no_key=True).filter(id=theater_id).first()
    price_list = PriceList.objects.filter(theater_id=theater_id, id=price_list_id).first()
    if theater is None or price_list is None:
        raise PriceListNotFound
    price_list.theater = theater
    return theater, price_list


def _checked(price_list: PriceList, theater: Theater, fields: PriceListFields) -> dict[str, Any]:
    """The columns that are given, as they are stored; those that are not are checked with them."""
    given: dict[str, Any] = dict(fields)
    if given.pop("currency", theater.currency) != theater.currency:
        raise InvalidFields(currency=f"The theater's currency is {theater.currency}.")
    wanted = {name: given.get(name, getattr(price_list, name)) for name in CONTENT}
    content = msgspec.convert(wanted, tariffs.PriceList)
    faults = tariffs.faults(content, [type_.told for type_ in theater.ticket_types.all()])
    if faults:
        raise InvalidFields(**faults)
    stored = msgspec.json.decode(msgspec.json.encode(content))  # as it comes back from the database
    return {name: stored[name] if name in CONTENT else value for name, value in given.items()}
