"""Which payments somebody of staff who is limited to theaters has a part in (chassis.theaters); None is no limit."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from chassis.theaters import Theaters
from payments.models import Payment
from payments.receipt_models import Receipt


def paid_at(theaters: Collection[UUID], path: str = "") -> Q:
    """What was bought there; path: to the payment. One from before payments kept theaters says it by its receipt."""
    receipts = Receipt.objects.filter(payment=OuterRef(f"{path}pk"), theater_id__in=theaters)
    return Q(**{f"{path}theater_id__in": theaters}) | (Q(**{f"{path}theater_id": None}) & Q(Exists(receipts)))


def payments_at(theaters: Theaters) -> QuerySet[Payment]:
    return Payment.objects.all() if theaters is None else Payment.objects.filter(paid_at(theaters))


def is_at(theaters: Theaters, payment: Payment) -> bool:
    return theaters is None or payments_at(theaters).filter(pk=payment.pk).exists()
