"""What booking answers when it says no about promotions and their codes; the codes are stable."""

from typing import Any, ClassVar

from bookings.promo_rules import Misfit
from chassis.web.problems import BadRequestFields, Conflict, NotFound, TooManyRequests


class PromoCodeInvalid(Conflict):
    """No code, none yet, or none any more: which, is not told, for it would help whoever guesses."""

    code = "promo_code_invalid"
    title = "This code is not valid"


class PromoCodeUnfit(Conflict):
    """A code that is valid, for something else: `why` is what of this booking it is not for."""

    code = "promo_code_unfit"
    title = "This code is not for this booking"
    members: ClassVar[dict[str, Any]] = {
        "why": {"type": "string", "enum": [misfit.value for misfit in Misfit], "examples": ["weekday"]}
    }

    def __init__(self, misfit: Misfit, min_tickets: int) -> None:
        super().__init__(_UNFIT[misfit].format(min_tickets), why=misfit.value)


_UNFIT = {
    Misfit.THEATER: "It is for another theater.",
    Misfit.MOVIE: "It is for other films.",
    Misfit.SHOWTIME: "It is for showtimes of other days.",
    Misfit.WEEKDAY: "It is for other days of the week.",
    Misfit.CURRENCY: "It is for theaters with another currency.",
    Misfit.TICKETS: "It is for bookings of {} tickets or more.",
    Misfit.TICKET_TYPES: "It takes nothing off the price of any of these tickets.",
}


class PromoCodeUsedUp(Conflict):
    """As often as it may be used it is; a booking that ends without a sale, or is cancelled, lets go of it."""

    code = "promo_code_used_up"
    title = "This code is used up"


class TooManyGuesses(TooManyRequests):
    """Of codes that are none, by this account or from this address."""

    code = "too_many_promo_codes"
    title = "Too many codes that are not valid were tried"


class PromotionNotFound(NotFound):
    code = "promotion_not_found"
    title = "There is no such promotion"


class PromotionStopped(Conflict):
    code = "promotion_stopped"
    title = "This promotion was stopped"


class RulesInvalid(BadRequestFields):
    """Each on its own the fields are fine; together they are no rules."""


class CodeTaken(Conflict):
    """It, or one that reads the same, is a code already."""

    code = "promo_code_taken"
    title = "There is such a code already"


class TooManyCodes(Conflict):
    code = "too_many_codes"
    title = "A promotion has no more codes than that"
