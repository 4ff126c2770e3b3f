"""What a guest paid is who proves the address."""

from collections.abc import Callable

import pytest

from chassis.ids import uuid7
from payments import tasks
from payments.models import Payment
from tests.factories import PaymentFactory

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
