"""What the staff pages ask about a refund, in major units, and what will be done then: seen before it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from django import forms

from chassis.money import Money, format_money, to_minor
from payments import books, domain
from payments.domain import RefundKind
from payments.models import Payment
from payments.refunds import limit_of

KINDS = [
    ("", "What follows from the amount: all that is left ends the booking, a part leaves the ticket good"),
    (RefundKind.CANCEL.value, "All of it, and the booking ends: its seats are free again, its ticket is void"),
    (RefundKind.GOODWILL.value, "Goodwill: the ticket stays good"),
]


def shown(amount: int, currency: str) -> str:
    return format_money(Money(amount, currency))


def left(payment: Payment) -> str:
    return shown(payment.captured_amount - payment.refunded_amount, payment.currency)


class RefundForm(forms.Form):
    """amount in major units, for one payment alone; in cleaned_data in minor units, None for all that is left."""

    amount = forms.DecimalField(
        required=False, max_digits=16, decimal_places=3, help_text="Empty: all that is left of each payment."
    )
    kind = forms.ChoiceField(choices=KINDS, required=False, label="What it means")
    reason = forms.CharField(max_length=200, help_text="The customer reads it, word for word.")

    def __init__(self, *args: Any, payments: Sequence[Payment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.payments = payments
        if len(payments) == 1:
            self.fields["amount"].label = f"Amount in {payments[0].currency}"
        else:
            del self.fields["amount"]

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


class RefusalForm(forms.Form):
    note = forms.CharField(max_length=200, help_text="For who asked for it.")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a refund would come to as things stand. amount: None for all that is left."""

    payment: Payment
    amount: int | None
    kind: RefundKind | None
    reason: str

    @classmethod
    def of(cls, payment: Payment, cleaned: Mapping[str, Any]) -> Self:
        kind = RefundKind(cleaned["kind"]) if cleaned["kind"] else None
        return cls(payment, cleaned.get("amount"), kind, cleaned["reason"])

    @property
    def shown_amount(self) -> str:
        return shown(self._amount, self.payment.currency)

    @property
    def means(self) -> str:
        """In words, for who decides."""
        known = books.known(self.payment)
        try:
            kind = domain.refund_kind(known, self._amount, self.kind)
        except domain.PartCannotCancel:
            return "cannot be done: a booking ends with all that is left of its money"
        if known.booking is domain.Booking.ENDED:
            return "the booking has ended already"
        return "the booking ends, its seats are free again" if kind is RefundKind.CANCEL else "the ticket stays good"

    @property
    def waits(self) -> bool:
        """Whether somebody else has to approve it."""
        known = books.known(self.payment)
        return domain.is_too_large_alone(known, self._amount, limit=limit_of(self.payment.currency))

    @property
    def _amount(self) -> int:
        everything = self.payment.captured_amount - self.payment.refunded_amount
        return everything if self.amount is None else self.amount
