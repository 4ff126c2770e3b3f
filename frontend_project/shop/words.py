"""Codes as sentences: what the services answer, told to customers."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from shop.services import Refused

PROBLEMS: Mapping[str, Promise] = {
    "seat_unavailable": later("Somebody was faster: a seat that you chose is taken."),
    "not_enough_seats": later("There are not so many seats left."),
    "orphan_seat": later("Please leave no single seat empty beside yours."),
    "couple_seat_split": later("Couple seats are sold in pairs."),
    "companion_alone": later("A companion's seat is sold together with the place beside it."),
    "accompanied_alone": later("This kind of ticket needs an adult's beside it."),
    "sales_closed": later("Tickets for this showtime are not sold any more."),
    "too_many_holds": later("You hold seats of this showtime already. Pay them, or let them go first."),
    "too_many_holds_in_all": later("You hold many seats already. Pay them, or let them go first."),
    "held_too_often": later("These seats were held by you several times without being paid. Please wait a while."),
    "address_not_verified": later(
        "So many seats are held only for a confirmed address. We sent you a mail with a link."
    ),
    "unknown_seat": later("A seat that was chosen is not in this screen any more. Please choose again."),
    "unknown_ticket_type": later("A kind of ticket that was chosen is not sold any more. Please choose again."),
    "ticket_type_not_sold": later("This kind of ticket is not sold for a seat that you chose."),
    "ticket_type_not_online": later("This kind of ticket is sold at the cinema alone."),
    "promo_code_invalid": later("This promo code is not valid."),
    "promo_code_unfit": later("This promo code is not for these tickets."),
    "promo_code_used_up": later("This promo code is used up."),
    "too_many_promo_codes": later("Too many codes were tried. Please wait a while."),
    "hold_over": later("The time to pay is over, and the seats are free again."),
    "hold_extended": later("The time was extended once already."),
    "not_extendable": later("The time cannot be extended."),
    "hold_expired": later("The time to pay is over, and the seats are free again."),
    "payment_in_progress": later("A payment is under way already. Please wait a moment."),
    "booking_ended": later("This booking has ended; nothing was taken."),
    "already_paid": later("This booking is paid already."),
    "card_declined": later("The card was declined. Nothing was taken; please try another one."),
    "insufficient_funds": later("There is not enough money on this card. Nothing was taken; please try another one."),
    "expired_card": later("This card has expired. Nothing was taken; please try another one."),
    "invalid_token": later("The card's form has timed out. Please enter the card again."),
    "request_refused": later("The card was declined. Nothing was taken; please try another one."),
    "attempt_withdrawn": later("This attempt to pay was withdrawn; nothing was taken."),
    "gateway_unavailable": later("The card company does not answer right now. Nothing was taken; please try again."),
    "booking_unavailable": later("The booking cannot be looked up right now. Please try again in a moment."),
    "gift_card_invalid": later("This gift card is not valid."),
    "gift_card_blocked": later("This gift card is blocked; please ask the cinema."),
    "gift_card_currency": later("This gift card is for another currency."),
    "gift_card_expired": later("This gift card has expired."),
    "gift_card_not_enough": later("The gift card does not pay all of it: choose a card for the rest."),
    "gift_card_empty": later("There is no money left on this gift card."),
    "too_many_gift_card_codes": later("Too many codes were tried. Please wait a while."),
    "cancellation_closed": later("It is too late to cancel."),
    "not_cancellable": later("This booking cannot be cancelled any more."),
    "exchange_under_way": later("An exchange of this booking is under way."),
    "invalid_credentials": later("The name or the password is wrong."),
    "sign_in_throttled": later("Too many attempts to sign in. Please wait a little."),
    "account_exists": later("This user name is taken."),
    "wrong_password": later("The password is wrong."),
    "weak_password": later("This password is too easy to guess."),
    "too_many_requests": later("Too many requests came from here. Please wait a minute."),
    "showtime_unavailable": later("This showtime is not on sale yet."),
    "showtime_not_found": later("This showtime is not shown any more."),
}
SERVICES: Mapping[str, Promise] = {
    "auth": later("Signing in does not work right now. You can look at the programme; please try again in a moment."),
    "catalog": later("The programme cannot be shown right now. Tickets that you have are good."),
    "booking": later("Seats and bookings cannot be shown right now. Tickets that you have are good."),
    "payment": later("Paying does not work right now. Your seats stay yours until their time ends."),
    "notify": later("Messages cannot be shown right now."),
    "sessions": later(
        "Signing in and choosing seats do not work right now. You can look at the programme; your tickets are good."
    ),
}
CATEGORIES: Mapping[str, Promise] = {
    "standard": later("standard"),
    "premium": later("premium"),
    "couple": later("couple seat"),
    "accessible": later("wheelchair place"),
    "companion": later("companion's seat"),
}
STATUSES: Mapping[str, Promise] = {
    "available": later("free"),
    "held": later("held by somebody"),
    "sold": later("taken"),
    "blocked": later("not sold"),
}


def problem(refused: Refused) -> str:
    """A sentence for a refusal: ours, else the service's own."""
    known = PROBLEMS.get(refused.code)
    return str(known) if known else refused.detail or _("This did not work.")


def away(service: str) -> str:
    return str(SERVICES.get(service, _("A part of the shop does not answer right now. Please try again in a moment.")))


def category(code: str) -> str:
    return str(CATEGORIES.get(code, code))


def seat_status(code: str) -> str:
    return str(STATUSES.get(code, code))


def numbers_differ() -> str:
    return _("Please choose as many seats as tickets.")


def nothing_chosen() -> str:
    return _("Please choose a seat.")


def no_card() -> str:
    return _("Please enter a card, or a gift card that pays all of it.")
