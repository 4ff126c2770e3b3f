"""What the staff pages ask about a refund, in major units, and what will be done then: seen before it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self
from urllib.parse import urlencode
from uuid import UUID

from django import forms

from chassis.ids import is_nobodys
from chassis.money import Money, format_money, to_minor
from chassis.web.desk import Panel
from chassis.web.sent_once import FormKey
from payments import counter_words, kept, refund_rules, states
from payments.models import Payment
from payments.outside import Outside, is_card_number
from payments.refund_rules import Way
from payments.refunds import limit_of
from payments.seats import LetIn, RefundKind, Seat, named
from payments.seats import left as still_had

KINDS = [
    (
        "",
        "What follows: seats are given back, all that is left ends the booking, another amount leaves the ticket good",
    ),
    (RefundKind.CANCEL.value, "The seats are given back, or all of it, and the booking ends: free again, tickets void"),
    (RefundKind.GOODWILL.value, "Goodwill: the ticket stays good"),
]


_STAYS_GOOD = "the ticket stays good"


def shown(amount: int, currency: str) -> str:
    return format_money(Money(amount, currency))


def left(payment: Payment) -> str:
    return shown(payment.captured_amount - payment.refunded_amount, payment.currency)


class SeatChoices(forms.CheckboxSelectMultiple):
    """Those whose money went back stay in the list, and cannot be chosen."""

    gone: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.gone:
            option["attrs"]["disabled"] = True
        return option


class SeatsField(forms.TypedMultipleChoiceField):
    """The seats of a payment by row and number with their prices, and what became of them; ids in cleaned_data."""

    def __init__(self, payment: Payment, seats: Sequence[Seat]) -> None:
        widget = SeatChoices()
        widget.gone = frozenset(str(seat.id) for seat in seats if seat.refunded)
        super().__init__(
            choices=[(str(seat.id), described(seat, payment)) for seat in seats],
            coerce=UUID,
            required=False,
            widget=widget,
            help_text="Instead of an amount: what these seats were sold at.",
        )


def described(seat: Seat, payment: Payment) -> str:
    """For staff: where it is, what it was sold at, what became of it."""
    said = f"{seat.name}, {shown(seat.price, payment.currency)}"
    if seat.refunded:
        said += ": given back" if seat.given_back else ": its money went back as goodwill"
    elif str(seat.id) in payment.let_in:
        said += ": somebody was let in"
    return said


class RefundForm(forms.Form):
    """For one payment alone an amount in major units, in cleaned_data in minor units, or seats of it.

    None of either: all that is left.
    """

    amount = forms.DecimalField(
        required=False, max_digits=16, decimal_places=3, help_text="Empty, and no seats: all that is left."
    )
    kind = forms.ChoiceField(choices=KINDS, required=False, label="What it means")
    reason = forms.CharField(max_length=200, help_text="The customer reads it, word for word.")
    key = FormKey()

    def __init__(self, *args: Any, payments: Sequence[Payment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.payments = payments
        if len(payments) != 1:
            del self.fields["amount"]
            return
        (payment,) = payments
        self.fields["amount"].label = f"Amount in {payment.currency}"
        seats = kept.seats_of(payment)
        if seats:
            self.fields["seats"] = SeatsField(payment, seats)
            self.order_fields(["seats", "amount", "kind", "reason"])

    def clean_seats(self) -> list[UUID]:
        wanted: list[UUID] = self.cleaned_data["seats"]
        gone = [seat for seat in kept.seats_of(self.payments[0]) if seat.id in wanted and seat.refunded]
        if gone:
            raise forms.ValidationError(f"The money of {named(gone)} has gone back already.")
        return wanted

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("seats") and cleaned.get("amount") is not None:
            raise forms.ValidationError("Either seats or an amount.")
        return cleaned

    def clean_amount(self) -> int | None:
        amount: Decimal | None = self.cleaned_data["amount"]
        if amount is None:
            return None
        payment = self.payments[0]
        try:
            minor = to_minor(amount, payment.currency)
        except ValueError as exc:
            raise forms.ValidationError(str(exc)) from exc
        if not 0 < minor <= payment.captured_amount - payment.refunded_amount:
            raise forms.ValidationError(f"More than nothing, and no more than the {left(payment)} that is left.")
        return minor


WAYS = {
    Way.CASH: "in cash",
    Way.BANK_TRANSFER: "by a transfer from the house's bank",
    Way.OTHER: "another way, of the house's own money",
    Way.PROVIDER: "by hand at the card gateway, whose record has it",
}


class OutsideForm(RefundForm):
    """How it went back though the gateway had refused it."""

    way = forms.ChoiceField(choices=[(way.value, words) for way, words in WAYS.items()], label="How")
    reference = forms.CharField(
        max_length=64,
        help_text="What it is found by in the books of till, bank or provider; no card's number.",
    )
    field_order = ["seats", "amount", "kind", "way", "reference", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(self.field_order)

    def clean_reference(self) -> str:
        reference: str = self.cleaned_data["reference"]
        if is_card_number(reference):
            raise forms.ValidationError("This is a card's number, which is kept nowhere here.")
        return reference


class RefusalForm(forms.Form):
    note = forms.CharField(max_length=200, help_text="For who asked for it.")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a refund would come to as things stand. amount: None for all that is left, or for what the seats cost.

    outside: how it goes back where the card gateway has refused; None: by the gateway.
    """

    payment: Payment
    amount: int | None
    kind: RefundKind | None
    reason: str
    seats: Sequence[UUID] = ()
    outside: Outside | None = None

    @classmethod
    def of(cls, payment: Payment, cleaned: Mapping[str, Any]) -> Self:
        kind = RefundKind(cleaned["kind"]) if cleaned["kind"] else None
        given = Outside(Way(cleaned["way"]), cleaned["reference"]) if "way" in cleaned else None
        return cls(payment, cleaned.get("amount"), kind, cleaned["reason"], cleaned.get("seats") or (), given)

    @property
    def shown_amount(self) -> str:
        return shown(self._amount, self.payment.currency)

    @property
    def way(self) -> str:
        """For people, of what goes back outside of the gateway."""
        return WAYS[self.outside.way] if self.outside else ""

    @property
    def by_hand(self) -> str:
        """What is left for staff to do with money of the counter, "" where the gateway does it."""
        return "" if self.outside else counter_words.give_back(self.payment.provider, self.shown_amount)

    @property
    def means(self) -> str:
        """In words, for who decides."""
        known = kept.known(self.payment)
        try:
            kind = refund_rules.refund_kind(known, self._amount, self.kind, self._about)
        except refund_rules.PartCannotCancel:
            return "cannot be done: a booking ends with all that is left of its money, or seat by seat"
        except LetIn:
            return "cannot be done: somebody was let in with its ticket; as goodwill it can"
        if self._amount > known.left:
            return f"cannot be done: {left(self.payment)} is left"
        if known.booking is states.Booking.ENDED:
            return "the booking has ended already"
        if kind is RefundKind.GOODWILL:
            return _STAYS_GOOD
        stay = [seat for seat in still_had(known.seats) if seat not in self._about]
        if self._about and stay:
            return f"{named(self._about)} free again, tickets void; the booking goes on with {named(stay)}"
        return "the booking ends, its seats are free again"

    @property
    def panel(self) -> Panel | None:
        """The mail that tells the customer of it, as notify words it; None where there is nobody to tell."""
        if is_nobodys(self.payment.user_id):
            return None
        goodwill = self.kind is RefundKind.GOODWILL or self.means == _STAYS_GOOD
        told = self.payment.refunded_amount + self._amount
        said = {
            "booking": self.payment.booking_id,
            "user": self.payment.user_id,
            "currency": self.payment.currency,
            "amount": self._amount,
            "refunded_amount": told,
            "again": int(told > self._amount),
            "goodwill": int(goodwill),
            "reason": self.reason,
            "of_seats": named(self._about),
            "by_house": int(self.outside is not None and self.outside.way is not Way.PROVIDER),
        }
        return Panel("notify", "What the customer will read", f"previews/refund/?{urlencode(said)}", wide=True)

    @property
    def waits(self) -> bool:
        """Whether somebody else has to approve it."""
        known = kept.known(self.payment)
        return refund_rules.is_too_large_alone(known, self._amount, limit=limit_of(self.payment.currency))

    @property
    def _about(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in kept.seats_of(self.payment) if seat.id in self.seats)

    @property
    def _amount(self) -> int:
        if self._about:
            return sum(seat.price for seat in self._about)
        everything = self.payment.captured_amount - self.payment.refunded_amount
        return everything if self.amount is None else self.amount
