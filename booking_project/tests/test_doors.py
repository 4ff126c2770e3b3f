"""Who is let in: each ticket once, at the door of its showtime, as long as the booking counts."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import connection, transaction
from factories import ShowtimeFactory

from bookings import desk, doors, endings, services, tickets
from bookings.domain import State
from bookings.errors import (
    NotCancellable,
    TicketInvalid,
    TicketUnknown,
    TicketUsed,
    TicketVoid,
    WrongShowtime,
)
from bookings.history import Cause
from bookings.models import TICKET_REVOKED, Booking, CheckIn, Showtime
from chassis.ids import uuid7
from chassis.signing import SigningKeys
from chassis.storage.audit_log import Actor, Door
from chassis.storage.models import AuditRecord
from chassis.testing_plans import analyze
from chassis.web.problems import Problem

USHER = Actor(uuid7(), "linh", Door.API)


@pytest.fixture
def paid(bought):
    return bought


def enter(booking: Booking, code: str, *, showtime_id=None, door="Hall 1, left") -> list[str]:
    """The seats that are let in."""
    admitted = doors.check_in(ticket=code, showtime_id=showtime_id or booking.showtime_id, door=door, actor=USHER)
    return sorted(str(seat) for seat in admitted.seats)


def codes(booking: Booking) -> list[str]:
    return [booking.seat_tickets[str(seat.seat_id)] for seat in sorted(booking.seats.all(), key=str)]


def other_keys(**previous: str) -> SigningKeys:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return SigningKeys.from_pem(pem, **previous, named=("key", "previous key"))


def test_each_seat_has_a_code_of_its_own_that_lets_one_person_in_once(paid):
    booking = paid(0, 1)
    first, second = codes(booking)
    assert enter(booking, second) == ["A2"]
    assert enter(booking, first) == ["A1"]
    for code in (first, second, booking.ticket):
        with pytest.raises(TicketUsed):
            enter(booking, code)
    assert CheckIn.objects.filter(booking=booking, actor=USHER.id).count() == 2
    done = AuditRecord.objects.filter(subject_id=str(booking.id), actor_id=str(USHER.id)).order_by("id")
    assert [said.after["seats"] for said in done] == [["A2"], ["A1"]]


def test_the_code_of_the_booking_lets_in_whoever_is_not_in_yet(paid):
    booking = paid(0, 1, 2)
    enter(booking, codes(booking)[1])
    assert enter(booking, booking.ticket) == ["A1", "A3"]


def test_a_used_ticket_says_when_and_where(paid):
    booking = paid(0)
    enter(booking, booking.ticket, door="Hall 1, left")
    with pytest.raises(TicketUsed) as refused:
        enter(booking, codes(booking)[0], door="Hall 1, right")
    at = CheckIn.objects.get(booking=booking).at
    assert refused.value.extra["used"] == [{"seat": "A1", "at": at.isoformat(), "door": "Hall 1, left"}]


def test_at_the_door_of_another_showtime_the_ticket_says_which_it_is_for(paid):
    booking, other = paid(0), ShowtimeFactory()
    with pytest.raises(WrongShowtime) as refused:
        enter(booking, booking.ticket, showtime_id=other.id)
    assert refused.value.extra["showtime"]["id"] == str(booking.showtime_id)
    assert enter(booking, booking.ticket) == ["A1"]


def test_the_ticket_of_a_booking_that_ended_says_why_it_does_not_count(paid):
    booking = paid(0)
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    for code in (booking.ticket, *codes(booking)):
        with pytest.raises(TicketVoid) as refused:
            enter(booking, code)
        assert refused.value.extra["booking_status"] == "CANCELLED"
        assert refused.value.extra["ended_by"] == "cancelled_by_customer"
        assert refused.value.extra["ended_at"]


def test_from_the_moment_that_a_showtime_is_cancelled_its_tickets_do_not_count(paid, showtime):
    booking = paid(0)
    Showtime.objects.filter(id=showtime.id).update(status="cancelled")
    with pytest.raises(TicketVoid) as refused:
        enter(booking, booking.ticket)
    assert refused.value.extra["ended_by"] == "showtime_cancelled"


def test_what_is_not_signed_by_us_is_no_ticket(paid, settings):
    booking = paid(0)
    head, body, signature = booking.ticket.split(".")
    claims = jwt.decode(booking.ticket, options={"verify_signature": False})
    none = jwt.encode(claims, None, algorithm="none")
    stranger = Ed25519PrivateKey.generate()
    symmetric = jwt.encode(claims, "x" * 64, algorithm="HS256", headers={"kid": settings.TICKET_KEYS.kid})
    forged = [
        "",
        "x",
        "a.b.c",
        none,
        symmetric,
        f"{head}.{body}.{signature[:-4]}AAAA",
        jwt.encode(claims, stranger, algorithm="EdDSA"),
        jwt.encode(claims, stranger, algorithm="EdDSA", headers={"kid": settings.TICKET_KEYS.kid}),
        jwt.encode(claims, stranger, algorithm="EdDSA", headers={"kid": "another"}),
        jwt.encode({**claims, "sub": "7"}, tickets._private_key(settings.TICKET_KEYS.private_pem), algorithm="EdDSA"),
    ]
    for code in forged:
        with pytest.raises(TicketInvalid):
            enter(booking, code)
    assert not CheckIn.objects.exists()


def test_a_ticket_of_ours_for_what_is_not_here_is_unknown(paid):
    booking = paid(0)
    elsewhere = Booking(id=uuid7(), reference=booking.reference)
    seats = list(booking.seats.all())
    made = tickets.sign(booking=elsewhere, showtime=booking.showtime, seats=seats, issued_at=booking.created_at)
    with pytest.raises(TicketUnknown):
        enter(booking, made.whole)
    seats[0].seat_id = uuid7()
    made = tickets.sign(booking=booking, showtime=booking.showtime, seats=seats, issued_at=booking.created_at)
    with pytest.raises(TicketUnknown):
        enter(booking, made.seats[0])


def test_after_a_rotation_tickets_of_both_keys_count_and_both_are_published(paid, settings, api):
    before = paid(0, 1)
    old = settings.TICKET_KEYS
    settings.TICKET_KEYS = other_keys(previous_public_pem=old.public_pem)
    after = paid(2)
    assert enter(before, before.ticket) == ["A1", "A2"]
    assert enter(after, after.ticket) == ["A3"]
    published = api.get("/tickets/.well-known/jwks.json")
    assert [key["kid"] for key in published.json()["keys"]] == [settings.TICKET_KEYS.kid, old.kid]
    assert jwt.get_unverified_header(after.ticket)["kid"] == settings.TICKET_KEYS.kid
    settings.TICKET_KEYS = other_keys()
    with pytest.raises(TicketInvalid):
        enter(before, before.ticket)


def test_a_ticket_of_before_keys_had_names_counts(paid, settings):
    booking = paid(0)
    claims = jwt.decode(booking.ticket, options={"verify_signature": False})
    key = tickets._private_key(settings.TICKET_KEYS.private_pem)
    settings.TICKET_KEYS = other_keys(previous_public_pem=settings.TICKET_KEYS.public_pem)
    assert enter(booking, jwt.encode(claims, key, algorithm="EdDSA")) == ["A1"]


def test_who_is_in_cancels_nothing_any_more_and_nobody_of_staff_does_it_for_them(paid, sign_in):
    booking = paid(0, 1)
    enter(booking, codes(booking)[0])
    with pytest.raises(NotCancellable):
        endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    with pytest.raises(NotCancellable):
        desk.cancel_for_customer(booking_id=booking.id, actor=USHER, reason="projector broke")
    answer = sign_in(roles=("support",)).delete(f"/bookings/{booking.id}", {"reason": "projector broke"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_cancellable")
    assert Booking.objects.get(id=booking.id).status == State.CONFIRMED


@pytest.mark.parametrize("whole", [True, False])
def test_of_64_doors_at_once_one_lets_in(transactional_db, request, whole):
    booking = request.getfixturevalue("paid")(0, 1)
    code = booking.ticket if whole else codes(booking)[0]

    def scan(number: int) -> str:
        try:
            enter(booking, code, door=f"door {number}")
        except Problem as problem:
            return problem.code
        finally:
            connection.close()
        return "in"

    # The test's server has fewer connections than there are doors.
    with ThreadPoolExecutor(24) as pool:
        told = Counter(pool.map(scan, range(64)))
    assert told == {"in": 1, "ticket_used": 63}
    assert CheckIn.objects.filter(booking=booking).count() == (2 if whole else 1)


def test_cancelled_and_scanned_at_once_it_is_one_of_both(transactional_db, request):
    paid = request.getfixturevalue("paid")
    seen = Counter()
    for place in range(8):
        booking = paid(place)

        def cancel(booking=booking) -> str:
            endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
            return "cancelled"

        def scan(booking=booking) -> str:
            enter(booking, booking.ticket)
            return "in"

        def tell(act) -> str:
            try:
                return act()
            except Problem as problem:
                return problem.code
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            seen[tuple(sorted(pool.map(tell, (cancel, scan))))] += 1
    assert set(seen) <= {("cancelled", "ticket_void"), ("in", "not_cancellable")}


def test_a_scan_that_is_killed_half_way_has_let_nobody_in(paid):
    booking = paid(0, 1)

    class Killed(BaseException):
        pass

    def interrupted() -> None:
        with transaction.atomic():
            enter(booking, booking.ticket)
            raise Killed

    with pytest.raises(Killed):
        interrupted()
    assert enter(booking, booking.ticket) == ["A1", "A2"]


def test_staff_let_in_through_the_api_and_nobody_else(paid, sign_in):
    booking = paid(0, 1)
    body = {"ticket": codes(booking)[1], "showtime_id": str(booking.showtime_id), "door": "Hall 1, left"}
    assert sign_in(user_id=booking.user_id).post("/tickets/check-in", body).status_code == 403
    usher = sign_in(roles=("support",))
    answer = usher.post("/tickets/check-in", body)
    assert answer.status_code == 200, answer.json()
    assert [seat["number"] for seat in answer.json()["seats"]] == [2]
    assert answer.json()["reference"] == booking.reference
    again = usher.post("/tickets/check-in", body)
    assert (again.status_code, again.json()["code"]) == (409, "ticket_used")
    for wrong, status, code in (
        ({"showtime_id": str(uuid7())}, 409, "wrong_showtime"),
        ({"ticket": "no ticket"}, 400, "ticket_invalid"),
        ({"ticket": ""}, 400, "invalid"),
    ):
        refused = usher.post("/tickets/check-in", body | wrong)
        assert (refused.status_code, refused.json()["code"]) == (status, code), wrong


@pytest.mark.parametrize("how", ["cancelled", "not captured"])
def test_a_ticket_is_shown_as_long_as_it_lets_somebody_in(paid, sign_in, how):
    booking = paid(0, 1)
    customer = sign_in(user_id=booking.user_id)
    for shown in (customer.get(f"/bookings/{booking.id}").json(), customer.get("/bookings").json()["results"][0]):
        assert shown["ticket"] == booking.ticket
        assert {each["seat"]: each["code"] for each in shown["tickets"]} == dict(
            zip(["A1", "A2"], codes(booking), strict=True)
        )
    if how == "cancelled":
        answered = customer.delete(f"/bookings/{booking.id}").json()
    else:
        services.fail_payment(booking_id=booking.id, stage="capture", final=True, code="x", cause=Cause("payment"))
        answered = customer.get(f"/bookings/{booking.id}").json()
    for shown in (answered, customer.get("/bookings").json()["results"][0]):
        assert (shown["status"], shown["ticket"], shown["tickets"]) == ("CANCELLED", None, [])


def test_doors_without_a_connection_know_which_tickets_do_not_count(paid, hold, showtime, sign_in):
    kept, gone, unpaid = paid(0), paid(1), hold(2)
    endings.cancel_booking(booking_id=gone.id, user_id=gone.user_id)
    endings.cancel_booking(booking_id=unpaid.id, user_id=unpaid.user_id)
    usher, path = sign_in(roles=("manager",)), f"/showtimes/{showtime.id}/tickets/revoked"
    answer = usher.get(path)
    told = answer.json()
    ended = {"booking_id": str(gone.id), "reference": gone.reference, "status": "CANCELLED", "seats": None}
    assert told["revoked"] == [ended]
    assert told["cancelled"] is False
    assert usher.get(path, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304
    endings.cancel_booking(booking_id=kept.id, user_id=kept.user_id)
    assert len(usher.get(path, HTTP_IF_NONE_MATCH=answer["ETag"]).json()["revoked"]) == 2
    assert sign_in().get(path).status_code == 403
    missing = usher.get(f"/showtimes/{uuid7()}/tickets/revoked")
    assert (missing.status_code, missing.json()["code"]) == (404, "showtime_not_found")


def test_the_revoked_tickets_of_a_showtime_are_read_by_their_index(paid):
    sold = paid(0)
    alike = {field.attname: getattr(sold, field.attname) for field in Booking._meta.concrete_fields}
    others = [Booking(**{**alike, "id": uuid7(), "reference": f"OTHER{n:05}"}) for n in range(1000)]
    Booking.objects.bulk_create(others)
    analyze("bookings")
    plan = Booking.objects.filter(TICKET_REVOKED, showtime=sold.showtime_id).explain()
    assert "bookings_revoked" in plan


def test_letting_in_takes_as_many_statements_for_ten_seats_as_for_one(paid, django_assert_num_queries):
    for places in ((0,), tuple(range(1, 9))):
        booking = paid(*places)
        # begin, lock, whether it is being exchanged, showtime, seats, who is in, let in, its record, its event, commit
        with django_assert_num_queries(10):
            enter(booking, booking.ticket)
