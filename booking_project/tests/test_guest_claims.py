"""What a guest booked is who proves the address; whatever comes in which order."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from money import authorise

from bookings import desk, locks, tasks
from bookings.errors import AddressChanged
from bookings.models import Booking, GuestClaim
from chassis.ids import uuid7
from chassis.storage import guest_claims
from chassis.storage.audit_log import Actor, Door
from chassis.testing_staff import enter

GUEST, OWNER = uuid7(), uuid7()


@pytest.fixture
def claim(deliver):
    """claim() → it is told that the owner has proved the address of the guest."""

    def tell(guest=GUEST, user=OWNER):
        deliver("guest.claimed", {"guest_id": str(guest), "user_id": str(user)})

    return tell


def whose(*bookings):
    return [Booking.objects.get(id=booking.id).user_id for booking in bookings]


def test_bookings_of_the_guest_are_the_owner_s_and_others_are_not(hold, claim):
    theirs, other = hold(0, user_id=GUEST), hold(1)
    authorise(theirs.id)
    claim()
    assert whose(theirs, other) == [OWNER, other.user_id]


def test_what_comes_after_the_claim_follows_with_the_clock(hold, claim):
    claim()
    late = hold(0, user_id=GUEST)
    assert whose(late) == [GUEST]
    assert (tasks.follow_claims(), tasks.follow_claims()) == (1, 0)
    assert whose(late) == [OWNER]


def test_a_guest_who_was_claimed_by_a_guest_ends_with_who_claimed_that_one(hold, claim):
    between = uuid7()
    booking = hold(0, user_id=GUEST)
    claim(between, OWNER)
    claim(GUEST, between)
    assert whose(booking) == [between]
    tasks.follow_claims()
    assert whose(booking) == [OWNER]


def test_the_first_claim_holds(hold, claim):
    booking = hold(0, user_id=GUEST)
    claim()
    claim(user=uuid7())
    tasks.follow_claims()
    assert whose(booking) == [OWNER]


def test_claims_of_long_ago_are_looked_at_every_hour_and_forgotten_in_the_end(hold, claim):
    claim()
    booking = hold(0, user_id=GUEST)
    GuestClaim.objects.update(heard_at=GuestClaim.objects.get().heard_at - timedelta(hours=2))
    assert (tasks.follow_claims(), tasks.follow_old_claims()) == (0, 1)
    assert whose(booking) == [OWNER]
    GuestClaim.objects.update(heard_at=GuestClaim.objects.get().heard_at - guest_claims.EVER)
    tasks.follow_old_claims()
    assert not GuestClaim.objects.exists()


def test_what_the_guest_did_its_owner_and_staff_read_as_the_customers_deed(hold, claim, sign_in, client):
    booking = hold(0, user_id=GUEST)
    assert sign_in(user_id=GUEST).delete(f"/bookings/{booking.id}", {"reason": "we are ill"}).status_code == 200
    claim()
    for reader in (sign_in(user_id=OWNER), sign_in(roles=("support",))):
        lines = reader.get(f"/bookings/{booking.id}/history").json()["results"]
        assert [(line["actor"], line["reason"]) for line in lines] == [(str(OWNER), ""), (str(OWNER), "we are ill")]
    enter(client, "support", username="linh")
    page = client.get(f"/admin/booking/bookings/booking/{booking.id}/change/").content.decode()
    assert page.count("<p>the customer</p>") == 2
    assert str(GUEST) not in page


def test_seats_that_the_guest_locked_are_free_when_their_owner_s_booking_ends(
    hold, showtime, claim, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        booking = hold(0, user_id=GUEST)
        authorise(booking.id)
    claim()
    with django_capture_on_commit_callbacks(execute=True):
        actor = Actor(uuid7(), "linh", Door.API)
        desk.cancel_for_customer(booking_id=booking.id, actor=actor, reason="projector broke")
    stranger = locks.Owner(uuid7(), uuid7())
    seats = [seat.seat_id for seat in booking.seats.all()]
    assert locks.acquire(booking.showtime_id, seats, owner=stranger, seconds=5).refused == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_who_gave_the_guest_the_address_cancels_nothing_of_who_proved_it_however_it_is_told(
    hold, claim, deliver, order
):
    clerk, between = Actor(uuid7(), "linh", Door.API), uuid7()
    booking = hold(0, user_id=GUEST)
    given = {"email_changed_by": clerk.id, "email_changed_at": datetime.now(UTC)}
    told = [
        lambda: deliver("user.updated", user_id=GUEST, **given),
        lambda: claim(GUEST, between),
        lambda: claim(between),
    ]
    for place in order:
        told[place]()
    tasks.follow_claims()
    assert whose(booking) == [OWNER]
    with pytest.raises(AddressChanged):
        desk.cancel_for_customer(booking_id=booking.id, actor=clerk, reason="projector broke")
    desk.cancel_for_customer(booking_id=booking.id, actor=Actor(uuid7(), "minh", Door.API), reason="projector broke")
