"""What a code that somebody sent takes off: looked up, and held against what they want to book.

A process keeps what it found of a code that many may have. That is safe because the statement that takes the seats
(inventory.TAKE) asks once more whether the promotion is the same: a stale copy takes nothing off (adr/0118).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q

from bookings.inventory import CodeUse
from bookings.models import Showtime
from bookings.prices import Bill, Discount, Kind, Wanted
from bookings.promo_errors import PromoCodeInvalid, PromoCodeUnfit, PromoCodeUsedUp
from bookings.promo_models import RULES, PromoCode, PromoUse
from bookings.promo_rules import Misfit, Rules, Showing, misfit
from bookings.sales import Sale
from chassis import codes

# One text, so that it stays prepared. A word that is no code any more is answered like one that never was.
_FIND = f"""
SELECT codes.id, promotion_id, promotions.xmin::text, most_uses,
       coalesce(nullif(word, ''), '*' || last4), label, {", ".join(RULES)}
FROM promo_codes AS codes JOIN promotions ON promotions.id = promotion_id
WHERE digest = %s AND stopped_at IS NULL
  AND (sold_from IS NULL OR sold_from <= now()) AND (sold_until IS NULL OR sold_until > now())
"""  # noqa: S608  (names from the rules)

# So many codes are kept, each for so many seconds.
KEPT, KEPT_SECONDS = 512, 60.0


@dataclass(frozen=True, slots=True)
class Offer:
    """A code with what it takes off. version: of the promotion's row.

    most_uses: bookings that have it at a time; None: no bound.
    """

    code_id: UUID
    promotion_id: UUID
    version: str
    most_uses: int | None
    rules: Rules
    discount: Discount


def billed(sale: Sale, tickets: Sequence[Wanted], offer: Offer | None, *, at: datetime) -> tuple[Bill, CodeUse | None]:
    """What a booking of this moment costs, and what it uses for that.

    Raises PromoCodeUnfit, TotalTooLarge. That the code is not used up is known once it is used.
    """
    if offer is None:
        return sale.bill(tickets, at=at), None
    _refuse_unfit(offer.rules, sale.showtime, tickets)
    bill = sale.bill(tickets, at=at, discount=offer.discount)
    lines = [line for line in bill.lines if line.kind is Kind.DISCOUNT and line.code == offer.discount.code]
    if not lines:  # these tickets cost nothing anyway
        raise PromoCodeUnfit(Misfit.TICKET_TYPES, offer.rules.min_tickets)
    counted = offer.most_uses is not None or offer.rules.most_per_customer is not None
    seats = [line.seat_id for line in lines if line.seat_id is not None]
    return bill, CodeUse(offer.code_id, offer.promotion_id, offer.version, counted, seats)


# By what was typed: of a code that is spelt in two ways each is kept, and looked up anew, for itself.
_kept: dict[str, tuple[float, Offer]] = {}
_kept_lock = Lock()


def known(typed: str | None) -> Offer | None:
    """As find(), or as this process found it up to KEPT_SECONDS ago; TAKE refuses it once it is not so any more."""
    if typed is None:
        return None
    until, offer = _kept.get(typed, (0.0, None))
    return offer if offer is not None and time.monotonic() < until else find(typed)


def find(typed: str | None) -> Offer | None:
    """One statement, and the same for a code that is none, that is none yet, and that is none any more.

    It is kept, unless it is good for one booking alone. typed: as somebody sent it; None of None. Raises
    PromoCodeInvalid.
    """
    if typed is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [codes.digest_of(typed) or b""])
        found = cursor.fetchone()
    with _kept_lock:
        _kept.pop(typed, None)
        if found is None:
            raise PromoCodeInvalid
        code_id, promotion_id, version, most_uses, code, name, *columns = found
        rules = Rules(*columns)
        offer = Offer(code_id, promotion_id, version, most_uses, rules, rules.discount(code=code, name=name))
        if most_uses != 1:
            if len(_kept) >= KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[typed] = time.monotonic() + KEPT_SECONDS, offer
    return offer


def _refuse_unfit(rules: Rules, showtime: Showtime, tickets: Sequence[Wanted]) -> None:
    """Raises PromoCodeUnfit, which says why."""
    showing = Showing(showtime.theater_id, showtime.movie_id, showtime.starts_at, showtime.time_zone, showtime.currency)
    against = misfit(rules, showing, [ticket.ticket_type for ticket in tickets])
    if against is not None:
        raise PromoCodeUnfit(against, rules.min_tickets)


def refuse_used_up(use: CodeUse, *, user_id: UUID | None) -> None:
    """As it is now, for whoever only asks; a booking finds out in its own statement. user_id: who asks, if known.

    Raises PromoCodeUsedUp.
    """
    given_back = PromoUse.objects.filter(code=OuterRef("pk"), counted=True, given_back_at__isnull=False)
    full = Q(uses__gte=F("most_uses")) & ~Exists(given_back)
    code = PromoCode.objects.select_related("promotion").annotate(full=Q(full)).get(id=use.code_id)
    if code.full:
        raise refusal("all")
    most = code.promotion.most_per_customer
    if most is not None and user_id is not None:
        theirs = PromoUse.objects.filter(
            promotion=code.promotion, user_id=user_id, per_customer=True, given_back_at=None
        )
        if theirs.count() >= most:
            raise refusal("customer")


def refusal(said: str) -> PromoCodeInvalid | PromoCodeUsedUp:
    """The problem for what use_promo_code() said (migration 0027)."""
    match said:
        case "all":
            return PromoCodeUsedUp()
        case "customer":
            return PromoCodeUsedUp("You have used this code as often as each customer may.")
        case _:
            return PromoCodeInvalid()
