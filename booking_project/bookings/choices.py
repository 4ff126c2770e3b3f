"""Which seats somebody gets, and as tickets of which types: those that they name, or the best that are free."""

from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from uuid import UUID

from bookings import prices, seating
from bookings.errors import (
    AccompaniedAlone,
    CompanionAlone,
    CoupleSeatSplit,
    NotEnoughSeats,
    NotExchangeable,
    OrphanSeat,
    TicketTypeNotOnline,
    TicketTypeNotSold,
    TicketTypeRefused,
    UnknownTicketType,
)
from bookings.exchange_rules import Exchange, NoExchange, no_exchange
from bookings.inventory import seat_statuses
from bookings.prices import Objection, Wanted
from bookings.sales import Sale

_REFUSALS: Mapping[Objection, type[TicketTypeRefused]] = {
    Objection.UNKNOWN: UnknownTicketType,
    Objection.NOT_SOLD: TicketTypeNotSold,
    Objection.NOT_ONLINE: TicketTypeNotOnline,
    Objection.ALONE: AccompaniedAlone,
}
_NOT_FOR: Mapping[NoExchange, str] = {
    NoExchange.SAME_SHOWTIME: "It is for this showtime already.",
    NoExchange.OTHER_FILM: "It is exchanged for another showtime of the same film.",
    NoExchange.OTHER_CURRENCY: "The showtime is sold in another currency.",
}
# Stands for the seats that are yet to be found.
_SOME_SEAT = UUID(int=0)

# So many tickets of the default type, or of each type by its code.
Quantity = int | Mapping[str, int]


def named(
    sale: Sale, seat_ids: Sequence[UUID], ticket_types: Mapping[UUID, str] | None = None, *, by_staff: bool = False
) -> list[Wanted]:
    """These seats in key order, as tickets.

    ticket_types: the code of the type of each seat, of the default where a seat is not in it. by_staff: it is asked by
    somebody who may sell what is not sold online.
    Raises UnknownSeat, and of TicketTypeRefused what stands against it, each naming the places in the request.
    """
    if ticket_types is None:
        at_seat = at_type = "/seat_ids/{}"
    else:
        at_seat, at_type = "/seats/{}/seat_id", "/seats/{}/ticket_type"
    sale.pick(seat_ids, pointer=at_seat)
    types, default = ticket_types or {}, sale.tariff.default.code
    wanted = [Wanted(each, sale.seats[each].category, types.get(each, default)) for each in seat_ids]
    _refuse_types(sale, wanted, [at_type.format(index) for index in range(len(wanted))], by_staff=by_staff)
    return sorted(wanted, key=lambda each: each.seat_id)


def best(sale: Sale, quantity: Quantity, category: str | None = None, *, by_staff: bool = False) -> list[Wanted]:
    """The best free seats for so many tickets (seating.choose), of a kind that all of their types are sold in.

    They are in key order; from the screen and from the left the types go as the tariff names them.
    Raises NotEnoughSeats, and of TicketTypeRefused what stands against it.
    """
    counts = {sale.tariff.default.code: quantity} if isinstance(quantity, int) else quantity
    open_to = prices.sold_to_all(sale.tariff, list(counts))
    kind = category if category is not None else min(open_to, default="")
    probes = [Wanted(_SOME_SEAT, kind, code) for code in counts]
    pointers = ["/quantity"] if isinstance(quantity, int) else [f"/quantity/{code}" for code in counts]
    _refuse_types(sale, probes, pointers, by_staff=by_staff)
    taken = seat_statuses(sale.showtime.id)
    try:
        chosen = seating.choose(
            list(sale.seats.values()),
            sale.seats.keys() - taken.keys(),
            prices={each: _price(sale, counts, each) for each in open_to},
            quantity=sum(counts.values()),
            category=category,
            leave_no_single=sale.leaves_no_single,
            reserved=sale.reserved,
            halves=sale.halves,
        )
    except seating.NotEnoughSeats:
        raise NotEnoughSeats from None
    types = chain.from_iterable(repeat(each.code, counts.get(each.code, 0)) for each in sale.tariff.ticket_types)
    in_place = sorted(chosen, key=lambda seat: (seat.y, seat.x))
    wanted = [Wanted(seat.id, seat.category, code) for seat, code in zip(in_place, types, strict=True)]
    return sorted(wanted, key=lambda each: each.seat_id)


def _price(sale: Sale, counts: Mapping[str, int], category: str) -> int:
    """What all of these tickets cost in that category."""
    return sum(count * sale.tariff.prices[code][category] for code, count in counts.items())


def _refuse_types(sale: Sale, wanted: Sequence[Wanted], pointers: Sequence[str], *, by_staff: bool) -> None:
    """Raises what stands against the types. pointers: where in the request each of the wanted is."""
    objection = prices.objection(sale.tariff, wanted, by_staff=by_staff)
    if objection is not None:
        said, places = objection
        raise _REFUSALS[said](pointers[place] for place in places)


def not_online(sale: Sale, tickets: Sequence[Wanted]) -> list[str]:
    """What these types are called that staff alone sell."""
    codes = {ticket.ticket_type for ticket in tickets}
    return [each.name for each in sale.tariff.ticket_types if each.code in codes and not each.online]


def incomplete(sale: Sale, chosen: Sequence[UUID]) -> CoupleSeatSplit | CompanionAlone | None:
    """Why this choice is refused whatever is free: what is sold together is chosen together."""
    split = seating.halves_left(set(chosen), sale.halves)
    if split:
        return CoupleSeatSplit(split)
    if any(sale.seats[seat_id].category in sale.reserved for seat_id in chosen):
        alone = seating.companions_alone(sale.seats.values(), set(chosen))
        if alone:
            return CompanionAlone(seat.id for seat in alone)
    return None


def refuse_singles(sale: Sale, chosen: Sequence[UUID]) -> None:
    """Raises OrphanSeat, by the seats of the rows in question as this transaction sees them."""
    rows = {sale.seats[seat_id].y for seat_id in chosen}
    nearby = [seat for seat in sale.seats.values() if seat.y in rows]
    taken = seat_statuses(sale.showtime.id, [seat.id for seat in nearby])
    free = {seat.id for seat in nearby if seat.id not in taken}.union(chosen)
    singles = seating.singles_left(nearby, free, set(chosen))
    if singles:
        raise OrphanSeat(seat.id for seat in singles)


def refuse_exchange(exchange: Exchange, sale: Sale) -> None:
    """Raises NotExchangeable for a showtime that is none that the booking is exchanged for."""
    showtime = sale.showtime
    against = no_exchange(exchange, showtime_id=showtime.id, movie_id=showtime.movie_id, currency=showtime.currency)
    if against is not None:
        raise NotExchangeable(_NOT_FOR[against])
