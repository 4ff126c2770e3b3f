"""Who of staff may decide on whose money: not their own, and not that of an account whose address they changed."""

from dataclasses import dataclass
from uuid import UUID

from chassis.four_eyes import Objection
from chassis.storage.address_changes import objection_to
from chassis.storage.audit_log import Actor
from chassis.web import second_factor
from payments.errors import AddressChanged, AddressChangedByAsker, OwnPurchase, PaymentNotFound
from payments.models import Payment, Refund
from payments.theaters import is_at

_REFUSED = {Objection.OWN: OwnPurchase, Objection.ADDRESS_CHANGED: AddressChanged}


@dataclass(frozen=True, slots=True)
class Clerk:
    """Somebody of staff who decides on money."""

    actor: Actor

    @property
    def account_id(self) -> UUID | None:
        return self.actor.account_id

    @property
    def name(self) -> str:
        return self.actor.name or str(self.actor.id)

    def is_the_one(self, *, name: str, account_id: UUID | None) -> bool:
        """Whether this is the person of that account, or of that name where an account is not known."""
        if self.account_id is not None and account_id is not None:
            return self.account_id == account_id
        return self.name == name


def check(clerk: Clerk, payment: Payment) -> None:
    """Raises SecondFactorNeeded, and OwnPurchase or AddressChanged when somebody else has to decide on this money.

    A payment of a theater that is not theirs is as if it were not there. Raises PaymentNotFound.
    """
    if not is_at(clerk.actor.theaters, payment):
        raise PaymentNotFound
    second_factor.require(clerk.actor)
    said = objection_to(clerk.account_id, owner_id=payment.user_id)
    if said is not None:
        raise _REFUSED[said]


def check_who_asked(refund: Refund, payment: Payment) -> None:
    """Raises AddressChangedByAsker when whoever asked may not decide on this payment's money any more."""
    if objection_to(refund.requested_by_id, owner_id=payment.user_id) is not None:
        raise AddressChangedByAsker
