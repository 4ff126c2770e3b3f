"""What a code that somebody sent offers them: looked up, and held against what they want to book."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from bookings import promo_codes, promo_rules
from bookings.errors import PromoCodeInvalid, PromoCodeUnfit, PromoCodeUsedUp
from bookings.models import Showtime
from bookings.prices import Bill, Discount, Kind
from bookings.promo_models import PromoCode, Promotion, rules_of

# A word that is no code any more is answered like one that never was.
_TAKEN_NOW = (
    Q(promotion__stopped_at=None)
    & (Q(promotion__sold_from=None) | Q(promotion__sold_from__lte=Now()))
    & (Q(promotion__sold_until=None) | Q(promotion__sold_until__gt=Now()))
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A code that is taken now. code_id: of its row; discount: as the lines of a booking tell it."""

    code_id: UUID
    promotion: Promotion
    discount: Discount

    def refuse_unfit(self, showtime: Showtime, ticket_types: Sequence[str]) -> None:
        """Raises PromoCodeUnfit, which says why. ticket_types: of each wanted ticket."""
        showing = promo_rules.Showing(
            showtime.theater_id, showtime.movie_id, showtime.starts_at, showtime.time_zone, showtime.currency
        )
        misfit = promo_rules.misfit(rules_of(self.promotion), showing, ticket_types)
        if misfit is not None:
            raise PromoCodeUnfit(misfit, self.promotion.min_tickets)

    def seats_of(self, bill: Bill) -> list[UUID]:
        """Those that come cheaper by it. Raises PromoCodeUnfit where none does, for they cost nothing anyway."""
        lines = [line for line in bill.lines if line.kind is Kind.DISCOUNT and line.code == self.discount.code]
        if not lines:
            raise PromoCodeUnfit(promo_rules.Misfit.TICKET_TYPES, self.promotion.min_tickets)
        return [line.seat_id for line in lines if line.seat_id is not None]


def find(typed: str) -> Offer:
    """One statement, and the same for a code that is none, that is none yet, and that is none any more.

    Raises PromoCodeInvalid.
    """
    digest = promo_codes.digest_of(typed)
    if digest is None:
        raise PromoCodeInvalid
    code = PromoCode.objects.select_related("promotion").filter(_TAKEN_NOW, digest=digest).first()
    if code is None:
        raise PromoCodeInvalid
    promotion = code.promotion
    discount = rules_of(promotion).discount(code=code.word or f"*{code.last4}", name=promotion.label)
    return Offer(code.id, promotion, discount)


def refusal(said: str) -> PromoCodeInvalid | PromoCodeUsedUp:
    """The problem for what use_promo_code() said (migration 0027)."""
    match said:
        case "all":
            return PromoCodeUsedUp()
        case "customer":
            return PromoCodeUsedUp("You have used this code as often as each customer may.")
        case _:
            return PromoCodeInvalid()
