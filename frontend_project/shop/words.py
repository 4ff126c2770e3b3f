"""Codes as sentences: what the services answer, told to customers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
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
    "total_too_large": later("That is more than one booking may come to."),
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
    "change_not_acceptable": later("This booking has ended, or its showtime has begun."),
    "nothing_to_accept": later("The showtime has changed again. Please look at it once more."),
    "exchange_under_way": later("An exchange of this booking is under way."),
    "exchange_open": later("You hold seats in exchange for this booking already. Pay them, or let them go first."),
    "exchange_not_covered": later("Money of the old booking is on its way back. Please try again in a moment."),
    "not_exchangeable": later("This booking cannot be exchanged for that showtime."),
    "seats_not_returnable": later("These seats cannot be given back."),
    "invalid_credentials": later("The name or the password is wrong."),
    "sign_in_throttled": later("Too many attempts to sign in. Please wait a little."),
    "second_factor_required": later("This account belongs to staff. Please buy with an account of your own."),
    "second_factor_not_set_up": later("This account belongs to staff. Please buy with an account of your own."),
    "too_many_payment_methods": later("There is no room for another card. Please remove one first."),
    "account_exists": later("This user name is taken."),
    "wrong_password": later("The password is wrong."),
    "weak_password": later("This password is too easy to guess."),
    "too_many_requests": later("Too many requests came from here. Please wait a minute."),
    "showtime_unavailable": later("This showtime is not on sale yet."),
    "showtime_not_found": later("This showtime is not shown any more."),
}
# What is wrong with a field, where the service says more to programs than to people.
FIELDS: Mapping[str, Promise] = {
    "/email": later("This is no e-mail address."),
    "/current_password": later("This is not the current password."),
    "/full_name": later("A name is letters, spaces and the like, on one line."),
    "/phone": later("A telephone number begins with + and the country code, like +84901234567."),
    "/language": later("Please choose a language."),
    "/time_zone": later("Please choose a time zone."),
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
# By their codes; a cinema's own types have its name alone.
TICKET_TYPES: Mapping[str, Promise] = {
    "adult": later("Adult"),
    "child": later("Child"),
    "student": later("Student"),
    "senior": later("Senior"),
    "member": later("Member"),
    "companion": later("Companion"),
}
# By the codes that catalog's films have; of another one the code itself is read.
GENRES: Mapping[str, Promise] = {
    "action": later("action"),
    "adventure": later("adventure"),
    "animation": later("animation"),
    "biography": later("biography"),
    "comedy": later("comedy"),
    "crime": later("crime"),
    "documentary": later("documentary"),
    "drama": later("drama"),
    "family": later("family film"),
    "fantasy": later("fantasy"),
    "history": later("history"),
    "horror": later("horror"),
    "music": later("music"),
    "musical": later("musical"),
    "mystery": later("mystery"),
    "romance": later("romance"),
    "science-fiction": later("science fiction"),
    "sport": later("sport"),
    "thriller": later("thriller"),
    "war": later("war film"),
    "western": later("western"),
}
STATUSES: Mapping[str, Promise] = {
    "available": later("free"),
    "held": later("held by somebody"),
    "sold": later("taken"),
    "blocked": later("not sold"),
}

BOOKING_STATUSES: Mapping[str, Promise] = {
    "PENDING": later("to be paid"),
    "CONFIRMED": later("paid"),
    "CANCELLED": later("cancelled"),
    "EXPIRED": later("not paid in time"),
    "REJECTED": later("not sold: the seats were gone"),
    "FAILED": later("not sold: the card was declined"),
}
# Why so much comes back: `why` of a cancellation.
WHY: Mapping[str, Promise] = {
    "unpaid": later("Nothing was paid yet."),
    "in_time": later("It is early enough: nothing is kept."),
    "showtime_changed": later("The showtime was changed: nothing is kept."),
    "late": later("It is close to the start: a part is kept, as the rules say by which it was sold."),
    "closed": later("It is too close to the start: tickets are not taken back any more."),
    "checked_in": later("Somebody was let in with it already."),
    "started": later("The showtime has begun."),
    "ended": later("It has ended already."),
}
# To whoever has to sign in again: why of the page's address.
SIGNED_OUT: Mapping[str, Promise] = {
    "ended": later("You were signed out. Please sign in again."),
    "unsent": later(
        "You were signed out meanwhile, in another window maybe. What you sent was not carried out: "
        "please sign in, and send it again."
    ),
    "underway": later(
        "You were signed out while that was under way, in another window maybe. "
        "Please sign in, and see what became of it."
    ),
}
# What ended a booking: `trigger` of its history.
ENDINGS: Mapping[str, Promise] = {
    "cancelled_by_customer": later("You cancelled it."),
    "cancelled_by_staff": later("The cinema cancelled it."),
    "showtime_cancelled": later("The showtime was cancelled."),
    "capture_failed": later("The card could not be charged."),
    "refunded": later("All of it was paid back."),
    "exchanged": later("It was exchanged for another showtime."),
}


def problem(refused: Refused) -> str:
    """A sentence for a refusal: ours, else the service's own."""
    if refused.code == "sign_in_throttled" and refused.retry_after:
        return throttled(refused.retry_after)
    known = PROBLEMS.get(refused.code)
    return str(known) if known else refused.detail or _("This did not work.")


def is_about_code(refused: Refused) -> bool:
    """Whether it is the promo code that was refused."""
    return "promo_code" in refused.code


def against(refused: Refused) -> tuple[str, int]:
    """What stands against a form, and the status of its answer. Raises the refusal where there is no such thing."""
    if refused.status == 404:
        raise refused
    return problem(refused), refused.status


def about_seats(refused: Refused, seats: Iterable[Mapping[str, Any]]) -> str:
    """The same, with the names of the seats that it is about."""
    about = {str(seat_id) for seat_id in refused.problem.get("seats") or ()}
    names = [f"{seat['row']}{seat['number']}" for seat in seats if seat["id"] in about]
    return " ".join([problem(refused), ", ".join(names)]).strip()


def field(pointer: str, detail: str) -> str:
    """A sentence for what is wrong with a field: ours, else the service's own."""
    return str(FIELDS.get(pointer, detail))


def throttled(seconds: int) -> str:
    """How long to wait with the next attempt to sign in."""
    if seconds < 120:
        said = ngettext(
            "Too many attempts to sign in. Please try again in %(count)d second.",
            "Too many attempts to sign in. Please try again in %(count)d seconds.",
            seconds,
        )
        return said % {"count": seconds}
    minutes = -(-seconds // 60)
    said = ngettext(
        "Too many attempts to sign in. Please try again in %(count)d minute.",
        "Too many attempts to sign in. Please try again in %(count)d minutes.",
        minutes,
    )
    return said % {"count": minutes}


def away(service: str) -> str:
    return str(SERVICES.get(service, _("A part of the shop does not answer right now. Please try again in a moment.")))


def category(code: str) -> str:
    return str(CATEGORIES.get(code, code))


def genre(code: str) -> str:
    return str(GENRES.get(code, code.replace("-", " ")))


def seat_status(code: str) -> str:
    return str(STATUSES.get(code, code))


def booking_status(code: str) -> str:
    return str(BOOKING_STATUSES.get(code, code))


def why(code: str) -> str:
    return str(WHY.get(code, ""))


def ending(trigger: str) -> str:
    return str(ENDINGS.get(trigger, ""))


def numbers_differ() -> str:
    return _("Please choose as many seats as tickets.")


def nothing_chosen() -> str:
    return _("Please choose a seat.")


def choice_gone() -> str:
    return _("Your choice was not kept. Please check your seats, and go on.")


def goes_on_as(name: str) -> str:
    return _("You are here as %(name)s already: these tickets go there, too.") % {"name": name}


def no_card() -> str:
    return _("Please enter a card, or a gift card that pays all of it.")


def seat_texts() -> dict[str, object]:
    """What the seat map says while somebody chooses; the names in braces are filled in by the page."""
    return {
        "chosen": _("Chosen: {seat}. {count} of {wanted}."),
        "not_chosen": _("Not chosen any more: {seat}. {count} of {wanted}."),
        "gone": _("Somebody has just taken {seat}. Still chosen: {kept}."),
        "all_gone": _("Somebody has just taken {seat}. No seat is chosen now."),
        "instead": _("Take {seat} instead"),
        "couple": _("Couple seats are sold in pairs."),
        "companion": _("A companion's seat is sold together with the place beside it."),
        "orphan": _("Please leave no single seat empty: {seat}."),
        "free": _("Free seats: {count}"),
        "smaller": _("Smaller seats"),
        "larger": _("Larger seats"),
        "statuses": {code: str(said) for code, said in STATUSES.items()},
    }


def called(named: Mapping[str, Any]) -> str:
    """A ticket type, or a line of a price: as its cinema calls it, after the word of the reader's language if that is
    another one. Of lines that are no ticket the name alone."""
    name = str(named["name"])
    if named.get("kind", "ticket") != "ticket" or named["code"] not in TICKET_TYPES:
        return name
    known = str(TICKET_TYPES[named["code"]])
    # A language that is written without spaces has no other end of a word than that of the text.
    same = re.search(rf"\b{re.escape(known)}\b" if known.isascii() else re.escape(known), name, re.IGNORECASE)
    return name if same else f"{known} ({name})"


def hint(type_: Mapping[str, Any]) -> str:
    """Whom exactly a ticket type is for, in the reader's language where its cinema says it in that, too."""
    language = get_language() or ""
    # During a release booking may be one that tells none yet.
    return str(type_.get("hints", {}).get(language) or type_["hint"])


def passwords_differ() -> str:
    return _("The two passwords differ.")


def password_length() -> str:
    return _("A password has 8 to 128 characters.")


def which_account() -> str:
    return _("Several accounts have this address. Please choose the one that is yours.")


def no_address() -> str:
    return str(FIELDS["/email"])
