"""Messages about what a guest bought are of who proves the address, and no others."""

from collections.abc import Callable

import pytest

from notifications import tasks
from notifications.models import Notification

pytestmark = pytest.mark.django_db

GUEST = "019ab1c0-1000-7a00-8000-0000000000b7"
OWNER = "019ab1c0-1000-7a00-8000-0000000000b8"


def test_messages_about_bookings_are_the_owner_s_those_that_come_later_too(deliver: Callable[..., bool]) -> None:
    deliver("email.verification_requested", user_id=GUEST)
    deliver("ticket.issued", user_id=GUEST)
    deliver("guest.claimed", guest_id=GUEST, user_id=OWNER)
    deliver("payment.completed", user_id=GUEST)
    assert [tasks.follow_claims() for _ in range(2)] == [1, 0]
    whose = {message.template: str(message.user_id) for message in Notification.objects.all()}
    assert {kind: user for kind, user in whose.items() if user == OWNER}.keys() == {
        message.template for message in Notification.objects.filter(booking_id__isnull=False)
    }
    assert GUEST in whose.values()
