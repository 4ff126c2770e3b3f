"""What an authorisation is asked with: a fresh card, a saved one, or what needs no card."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.conf import settings

from payments import books, domain, vault
from payments.books import Card
from payments.errors import GiftCardNotEnough, UnknownMethod
from payments.exchange_rules import EXCHANGES
from payments.gift_models import GIFT_CARDS
from payments.heard import BookingCreated, MethodGiven
from payments.lines import AtTheCounter
from payments.models import Payment, PaymentMethod

# One text, however many there are, so that it stays prepared.
SAVED = "SELECT id, user_id, gateway_token, provider FROM payment_methods WHERE id = ANY(%s::uuid[])"

# Of a user and the id of a card they have saved: its token, sealed, and who keeps it.
SavedCard = tuple[str, str]
SavedCards = Mapping[tuple[UUID, UUID | None], SavedCard]


def asked_with(row: Payment, decision: domain.Decision, method: MethodGiven | None, operation_id: UUID) -> Card:
    """What pays what a gift card does not. Raises GiftCardNotEnough, UnknownMethod."""
    rest = row.amount - decision.payment.gift - row.exchange_amount
    if not rest and row.exchange_amount:
        return Card("", EXCHANGES, ends_booking=False, operation_id=operation_id)
    if not rest:
        return Card("", GIFT_CARDS, ends_booking=False, operation_id=operation_id)
    if method is None:
        raise GiftCardNotEnough(rest={"amount": rest, "currency": row.currency})
    saved = saved_cards([(row.user_id, method)])
    card = _card(method, saved.get((row.user_id, method.id)), ends_booking=False, operation_id=operation_id)
    if card is None:
        raise UnknownMethod
    return card


def given(booking: BookingCreated, saved: SavedCards) -> Card | None:
    """What a booking came with, if it is anything that can be asked with."""
    asked_as = books.id_of(books.Step.AUTHORIZATION, booking.booking_id)
    exchange = booking.exchange
    if exchange is not None and 0 < booking.total.amount <= exchange.carried.amount:
        return Card("", EXCHANGES, ends_booking=True, operation_id=asked_as)
    method = booking.payment_method
    if method is None:
        return None
    if method.counter is not None:
        return _of_staff(method.at_the_counter, asked_as)
    return _card(method, saved.get((booking.user_id, method.id)), ends_booking=True, operation_id=asked_as)


def _of_staff(counter: AtTheCounter | None, operation_id: UUID) -> Card | None:
    """Nobody is asked for what was taken at the counter; None of what nobody of staff stands for."""
    if counter is None:
        return None
    return Card(vault.sealed(counter.slip), counter.method, ends_booking=True, operation_id=operation_id)


def _card(method: MethodGiven, saved: SavedCard | None, *, ends_booking: bool, operation_id: UUID) -> Card | None:
    """What to ask with, and whom: who keeps a saved card, or who takes new ones. None for a card the user has not."""
    if method.id is None:
        token = method.fresh_token
        return Card(vault.sealed(token), settings.PAYMENT_PROVIDER, ends_booking, operation_id) if token else None
    return None if saved is None else Card(vault.sealed(saved[0]), saved[1], ends_booking, operation_id)


def saved_cards(given: Iterable[tuple[UUID, MethodGiven | None]]) -> SavedCards:
    """Of users and what they want to pay with: the saved cards among it that are theirs."""
    wanted = {(user_id, method.id) for user_id, method in given if method is not None and method.id is not None}
    if not wanted:
        return {}
    known = PaymentMethod.objects.raw(SAVED, [[method_id for _, method_id in wanted]])
    found = {(method.user_id, method.id): (method.gateway_token, method.provider) for method in known}
    return {key: found[key] for key in wanted & found.keys()}
