"""What a guest paid is who proves the address."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from chassis.ids import uuid7
from payments import tasks
from payments.models import Payment
from tests.factories import PaymentFactory, refund

pytestmark = pytest.mark.django_db


def test_payments_of_the_guest_are_the_owner_s_those_that_come_later_too(deliver: Callable[..., bool]) -> None:
    guest, owner = uuid7(), uuid7()
    before, other = PaymentFactory(user_id=guest, captured=True), PaymentFactory()
    deliver("guest.claimed", {"guest_id": str(guest), "user_id": str(owner)})
    later = PaymentFactory(user_id=guest)
    assert [tasks.follow_claims() for _ in range(2)] == [1, 0]
    assert {payment.id: payment.user_id for payment in Payment.objects.all()} == {
        before.id: owner,
        later.id: owner,
        other.id: other.user_id,
    }


def test_who_gave_the_guest_the_address_gives_nothing_back_to_who_proved_it(
    deliver: Callable[..., bool], sign_in: Callable[..., Any]
) -> None:
    linh = sign_in(roles=("support",), username="linh")
    guest, owner = uuid7(), uuid7()
    payment = PaymentFactory(user_id=guest, captured=True)
    at = timezone.now().isoformat()
    deliver("user.updated", user_id=guest, email_changed_by=linh.user_id, email_changed_at=at)
    deliver("guest.claimed", {"guest_id": str(guest), "user_id": str(owner)})
    answer = refund(linh, payment, amount=1)
    assert (answer.status_code, answer.json()["code"]) == (403, "address_changed_by_you")
