"""What showtimes cost: their tariffs, made of their price lists or of their own prices, and of their theaters."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import prefetch_related_objects

from catalog import domain, tariffs
from catalog.errors import Fault, InvalidFields
from catalog.models import Showtime, ShowtimePrice, Theater
from catalog.tariff_models import PriceList
from chassis.money import LARGEST_PRICE, Money, format_money, is_price


@dataclass(frozen=True, slots=True)
class Own:
    """Prices of a showtime that follows no list. amounts: minor units by category, of every ticket type but those in
    by_type, which cost just what stands there; a category that is not there is not sold to them.
    """

    amounts: Mapping[str, int]
    by_type: Mapping[str, Mapping[str, int]]


def types_of(theater: Theater) -> list[tariffs.TicketType]:
    """As they are ordered; of a theater without any the one that it sells all the same."""
    return [type_.told for type_ in theater.ticket_types.all()] or [tariffs.STANDARD]


def default_of(types: Sequence[tariffs.TicketType]) -> str:
    return next(type_.code for type_ in types if type_.default)


def other_types(theater: Theater) -> list[str]:
    """The codes of all but the default one."""
    return [type_.code for type_ in types_of(theater) if not type_.default]


def facts_of(showtime: Showtime) -> tariffs.Facts:
    theater = showtime.theater
    local = showtime.starts_at.astimezone(ZoneInfo(theater.time_zone))
    return tariffs.Facts(starts_at=local, format=showtime.format, holidays=theater.holidays)


def own_of(showtime: Showtime) -> Own:
    """What a showtime costs as it was last told, as prices of its own."""
    others = other_types(showtime.theater)
    if showtime.price_list_id is None:
        kept = showtime.type_prices or {}
        return Own(showtime.amounts, {code: kept[code] for code in others if code in kept})
    offer = showtime.offer
    return Own(showtime.amounts, {} if offer is None else {code: offer.prices.get(code, {}) for code in others})


def price(showtime: Showtime, own: Own | None) -> dict[str, int]:
    """Sets the tariff and type_prices of a showtime whose theater and price list are at hand.

    own: of one that follows no list. What the default ticket type costs comes back, minor units by category. A tariff
    is None where it would say no more than these prices do.
    """
    theater = showtime.theater
    types = types_of(theater)
    default = default_of(types)
    if showtime.price_list is not None:
        listed = showtime.price_list.content
        prices = tariffs.resolve(listed, facts_of(showtime))
        fees, early = tariffs.fees_of(listed, showtime.format), listed.early
        showtime.type_prices = None
    else:
        assert own is not None
        prices = {t.code: dict(own.by_type.get(t.code, own.amounts)) for t in types} | {default: dict(own.amounts)}
        fees, early = [], ()
        showtime.type_prices = {code: dict(row) for code, row in own.by_type.items()} or None
    plain = types == [tariffs.STANDARD] and theater.seller is None and not (theater.ticket_tax or theater.fee_tax)
    made = tariffs.tariff(types=types, prices=prices, tax=theater.tax, seller=theater.seller, fees=fees, early=early)
    showtime.tariff = None if plain and showtime.price_list is None else msgspec.to_builtins(made)
    return prices.get(default, {})


def reprice(showtimes: Sequence[Showtime]) -> None:
    """Brings tariffs in line with their lists and theaters, and the rows of prices that differ; tariffs are left to the
    caller to save. The prices of the showtimes are prefetched, and are of now afterwards.
    """
    after = {
        showtime.id: price(showtime, None if showtime.price_list_id else own_of(showtime)) for showtime in showtimes
    }
    changed = [showtime for showtime in showtimes if after[showtime.id] != showtime.amounts]
    if not changed:
        return
    write_prices(changed, after)
    for showtime in changed:
        showtime.refresh_from_db(fields=["prices"])  # forgets what was prefetched, and reads nothing
    prefetch_related_objects(changed, "prices")


def write_prices(showtimes: Sequence[Showtime], amounts: Mapping[UUID, Mapping[str, int]]) -> None:
    """Replaces the rows of prices. amounts: by the id of the showtime."""
    ShowtimePrice.objects.filter(showtime__in=showtimes).delete()
    ShowtimePrice.objects.bulk_create(
        (
            ShowtimePrice(showtime=showtime, category=category, amount=amount, currency=showtime.currency)
            for showtime in showtimes
            for category, amount in sorted(amounts[showtime.id].items())
        ),
        batch_size=1000,
    )


def choose(
    showtime: Showtime,
    price_list_id: UUID | None,
    prices: Mapping[str, int] | None,
    type_prices: Mapping[str, Mapping[str, int]] | None,
    lists: Mapping[UUID, PriceList] | None = None,
) -> Own | None:
    """Makes the showtime follow the list of that id, or have prices of its own where either of them is given: what they
    do not name costs what it costs now. Its own prices come back; None where it follows a list.

    lists: those that were read already, of any theater. Raises InvalidFields for both at once, and for a list that is
    not its theater's.
    """
    given = prices is not None or type_prices is not None
    if price_list_id is not None:
        if given:
            raise InvalidFields(
                Fault("price_list_id", "prices_twice", "A showtime follows a price list, or has prices of its own.")
            )
        if lists is None:
            lists = lists_of([price_list_id])
        showtime.price_list = lists.get(price_list_id)
        if showtime.price_list is None or showtime.price_list.theater_id != showtime.theater_id:
            showtime.price_list = None
            raise InvalidFields(Fault("price_list_id", "price_list_not_found", "The theater has no such price list."))
        return None
    if showtime.price_list is not None and not given:
        if showtime.price_list.theater_id != showtime.theater_id:
            raise InvalidFields(Fault("price_list_id", "price_list_not_found", "Its list is of another theater."))
        return None
    before = Own({}, {}) if showtime._state.adding else own_of(showtime)
    showtime.price_list = None
    return Own({**before.amounts, **(prices or {})}, before.by_type if type_prices is None else type_prices)


def lists_of(ids: Collection[UUID]) -> dict[UUID, PriceList]:
    return {price_list.id: price_list for price_list in PriceList.objects.filter(id__in=ids)}


def try_price(showtime: Showtime, own: Own | None) -> tuple[dict[str, int], list[Fault]]:
    """price(), of what somebody asks for, and what stands against it."""
    faults = [] if own is None else list(_faults_of(showtime, own))
    amounts = price(showtime, own)
    missing = domain.missing_prices(showtime.screen.categories, amounts)
    if missing:
        field = "prices" if own is not None else "price_list_id"
        faults.append(Fault(field, "price_missing", f"The hall has seats without a price: {', '.join(missing)}."))
    return amounts, faults


def _faults_of(showtime: Showtime, own: Own) -> Iterator[Fault]:
    if showtime.currency != showtime.theater.currency:
        yield Fault("prices", "currency_is_another", f"The theater's currency is {showtime.theater.currency}.")
    types = types_of(showtime.theater)
    for code in own.by_type:
        field = f"type_prices/{code}"
        if code == default_of(types):
            yield Fault(field, "type_is_default", "What the default ticket type costs stands in prices.")
        elif code not in {type_.code for type_ in types}:
            yield Fault(field, "ticket_type_unknown", "The theater has no such ticket type.")
    rows = {"prices": own.amounts, **{f"type_prices/{code}": row for code, row in own.by_type.items()}}
    for field, amounts in rows.items():
        if not all(map(is_price, amounts.values())):
            # What the card gateway would not take is not put on sale.
            most = format_money(Money(LARGEST_PRICE, showtime.currency))
            yield Fault(field, "price_out_of_range", f"A price is not negative, and {most} at most.")
