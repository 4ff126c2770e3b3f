"""What a booking would cost now, without one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from bookings import choices, offers
from bookings.choices import Quantity
from bookings.events import PricedSeat
from bookings.prices import Bill, Wanted
from bookings.sales import Sale, reload_sale


@dataclass(frozen=True, slots=True)
class Quote:
    sale: Sale
    seats: Sequence[PricedSeat]
    bill: Bill


def quote_seats(
    *,
    showtime_id: UUID,
    seat_ids: Sequence[UUID],
    ticket_types: Mapping[UUID, str] | None = None,
    promo_code: str | None = None,
    user_id: UUID | None = None,
    by_staff: bool = False,
) -> Quote:
    """Of these seats, whether or not they are free; the arguments are those of holds.hold_seats. user_id: if known.

    Raises ShowtimeNotFound, ShowtimeUnknown, UnknownSeat, TicketTypeRefused, TotalTooLarge, PromoCodeInvalid,
    PromoCodeUnfit, PromoCodeUsedUp.
    """
    sale = reload_sale(showtime_id)
    return _quote(sale, choices.named(sale, seat_ids, ticket_types, by_staff=by_staff), promo_code, user_id)


def quote_best_seats(
    *,
    showtime_id: UUID,
    quantity: Quantity,
    category: str | None = None,
    promo_code: str | None = None,
    user_id: UUID | None = None,
    by_staff: bool = False,
) -> Quote:
    """Of the seats that are the best now; a booking a moment later may get others.

    Raises NotEnoughSeats, ShowtimeNotFound, ShowtimeUnknown, TicketTypeRefused, TotalTooLarge, PromoCodeInvalid,
    PromoCodeUnfit, PromoCodeUsedUp.
    """
    sale = reload_sale(showtime_id)
    return _quote(sale, choices.best(sale, quantity, category, by_staff=by_staff), promo_code, user_id)


def _quote(sale: Sale, tickets: Sequence[Wanted], promo_code: str | None, user_id: UUID | None) -> Quote:
    bill, code = offers.billed(sale, tickets, offers.find(promo_code), at=timezone.now())
    if code is not None:
        offers.refuse_used_up(code, user_id=user_id)
    return Quote(sale, sale.priced(tickets, bill), bill)
