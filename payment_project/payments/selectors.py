"""Reads."""

from uuid import UUID

from django.db.models import QuerySet

from chassis.web.principal import Principal
from payments.errors import MethodNotFound, PaymentNotFound, RefundNotFound
from payments.models import Payment, PaymentMethod, Refund


def payments_of(
    user: Principal,
    *,
    owner: UUID | None = None,
    booking_id: UUID | None = None,
    reference: str | None = None,
    status: str | None = None,
) -> QuerySet[Payment]:
    """The user's payments; for who may look at all of them everybody's, or one owner's. reference: of the booking."""
    found = Payment.objects.all()
    if not user.may("view_payment"):
        found = found.filter(user_id=user.id)
    elif owner is not None:
        found = found.filter(user_id=owner)
    if booking_id is not None:
        found = found.filter(booking_id=booking_id)
    if reference is not None:
        found = found.filter(booking_reference=reference)
    if status is not None:
        found = found.filter(status=status)
    return found


def payment_of(user: Principal, payment_id: UUID) -> Payment:
    """Raises PaymentNotFound, also for somebody else's."""
    payment = payments_of(user).filter(id=payment_id).first()
    if payment is None:
        raise PaymentNotFound
    return payment


def refunds(
    *, payment_id: UUID | None = None, reference: str | None = None, status: str | None = None
) -> QuerySet[Refund]:
    """Everybody's, for staff."""
    found = Refund.objects.all()
    if payment_id is not None:
        found = found.filter(payment=payment_id)
    if reference is not None:
        found = found.filter(payment__booking_reference=reference)
    if status is not None:
        found = found.filter(status=status)
    return found


def refund_of(user: Principal, refund_id: UUID) -> Refund:
    """Raises RefundNotFound, also for somebody else's."""
    found = Refund.objects.filter(id=refund_id)
    if not user.may("view_refund"):
        found = found.filter(payment__user_id=user.id)
    refund = found.first()
    if refund is None:
        raise RefundNotFound
    return refund


def methods_of(user: Principal) -> QuerySet[PaymentMethod]:
    return PaymentMethod.objects.filter(user_id=user.id)


def method_of(user: Principal, method_id: UUID) -> PaymentMethod:
    """Raises MethodNotFound, also for somebody else's."""
    method = methods_of(user).filter(id=method_id).first()
    if method is None:
        raise MethodNotFound
    return method
