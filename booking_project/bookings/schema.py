"""What the API document says of bookings: the shapes that presentation.py makes, and examples of what is sent."""

from typing import Any

from rest_framework import serializers

from bookings.domain import PaymentStatus, State, Trigger, Why
from bookings.prices import Kind
from chassis.web.openapi import page_of, sends

SHOWTIME_ID = "019ab1c8-1000-7a00-8000-000000000001"
SEAT_IDS = ["019ab1c8-1000-7a00-8000-0000000000a1", "019ab1c8-1000-7a00-8000-0000000000a2"]
METHOD_ID = "019ab1c8-1000-7a00-8000-0000000000b1"

BOOK = sends(
    two_seats={"showtime_id": SHOWTIME_ID, "seat_ids": SEAT_IDS, "payment_method": {"token": "tok_visa"}},
    seats_to_be_paid_later={"showtime_id": SHOWTIME_ID, "seat_ids": SEAT_IDS},
    with_a_promo_code={"showtime_id": SHOWTIME_ID, "quantity": 2, "promo_code": "QUIET-EVENING"},
    the_best_seats_by_a_saved_card={"showtime_id": SHOWTIME_ID, "quantity": 2, "payment_method": {"id": METHOD_ID}},
    an_adult_and_a_child={
        "showtime_id": SHOWTIME_ID,
        "seats": [
            {"seat_id": SEAT_IDS[0], "ticket_type": "adult"},
            {"seat_id": SEAT_IDS[1], "ticket_type": "child"},
        ],
    },
    the_best_seats_for_a_family={"showtime_id": SHOWTIME_ID, "quantity": {"adult": 2, "child": 1}},
)
QUOTE = sends(
    two_seats={"seat_ids": SEAT_IDS},
    the_best_seats_for_a_family={"quantity": {"adult": 2, "child": 1}},
)
CANCEL = sends(
    for_a_customer={"reason": "The customer asked for it by telephone."},
    with_a_message={"reason": "The projector failed.", "message": "We are sorry: the film could not be shown."},
)
ACCEPT_CHANGE = sends(the_first={"revision": 3})
EXCHANGE = sends(
    two_seats={"showtime_id": SHOWTIME_ID, "seat_ids": SEAT_IDS},
    the_best_seats_and_a_card={"showtime_id": SHOWTIME_ID, "quantity": 2, "payment_method": {"token": "tok_visa"}},
)
EXCHANGE_QUOTE = sends(two_seats={"showtime_id": SHOWTIME_ID, "seat_ids": SEAT_IDS})
CHECK_IN = sends(
    at_the_left_door={"ticket": "eyJhbGciOiJFZERTQSJ9.e30.c2ln", "showtime_id": SHOWTIME_ID, "door": "Hall 1, left"}
)
SEAT_CHANGES = sends(
    one_seat={"changes": [{"leaves": SEAT_IDS[0], "gets": SEAT_IDS[1]}], "reason": "The seat is broken."}
)
SEATS = sends(two_seats={"seat_ids": SEAT_IDS})
SEATS_OFF_SALE = sends(
    two_seats={"seat_ids": SEAT_IDS},
    with_a_reason={"seat_ids": SEAT_IDS, "reason": "The armrest is broken."},
)


class MoneySerializer(serializers.Serializer[Any]):
    amount = serializers.IntegerField(help_text="Minor units.")
    currency = serializers.CharField(help_text="ISO 4217.")


class SoldAsSerializer(serializers.Serializer[Any]):
    """The type of a ticket, as it was called when it was sold."""

    code = serializers.CharField()
    name = serializers.CharField()


class TicketSeatSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    row = serializers.CharField()
    number = serializers.IntegerField()
    category = serializers.CharField()
    ticket_type = SoldAsSerializer()


class PricedSeatSerializer(TicketSeatSerializer):
    price = MoneySerializer(help_text="What the lines of this seat come to.")


class BookedSeatSerializer(PricedSeatSerializer):
    """`row` and `number` are those of now; by its `id`, that of the seat as it was sold, lines and refunds call it."""

    moved_to = serializers.UUIDField(
        allow_null=True, help_text="The seat in the map of now, where the showtime was moved to another screen."
    )


class LineSerializer(serializers.Serializer[Any]):
    """A part of a total, in minor units of its currency: net + tax = gross, and those of a discount are below zero."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    code = serializers.CharField(help_text="Of the ticket type or the fee; of a discount `early`, or a code.")
    name = serializers.CharField(help_text="As it was called when it was sold.")
    seat_id = serializers.UUIDField(allow_null=True, help_text="null: of the booking as a whole.")
    net = serializers.IntegerField()
    tax = serializers.IntegerField()
    gross = serializers.IntegerField()
    rate = serializers.IntegerField(help_text="Of the tax, in basis points: 500 is 5 %.")


class GivenBackSeatSerializer(BookedSeatSerializer):
    given_back_at = serializers.DateTimeField()
    refund = MoneySerializer(allow_null=True, help_text="What goes back of its price, or went; null: of before.")


class SeatTicketSerializer(serializers.Serializer[Any]):
    """What lets one person in."""

    seat = serializers.CharField(help_text="As it is written, B1.")
    seat_id = serializers.UUIDField()
    code = serializers.CharField()


class BookedShowtimeSerializer(serializers.Serializer[Any]):
    movie_title = serializers.CharField()
    theater_name = serializers.CharField()
    screen = serializers.CharField()
    starts_at = serializers.DateTimeField()
    time_zone = serializers.CharField(help_text="IANA, of the theater.")
    format = serializers.CharField(help_text="2D, 3D, IMAX, 4DX.")
    language = serializers.CharField(help_text="BCP 47.")


class CancellationRulesSerializer(serializers.Serializer[Any]):
    cancellation_cutoff_minutes = serializers.IntegerField(
        help_text="Until so many minutes before the start it is cancelled for nothing."
    )
    cancellation_fee_percent = serializers.IntegerField(
        allow_null=True, help_text="What is kept of the total later than that; null: it is not taken back."
    )


class TermsSerializer(BookedShowtimeSerializer):
    """As it was sold: these rules hold whatever the theater changes later."""

    rules = CancellationRulesSerializer()


class CancellationSerializer(serializers.Serializer[Any]):
    """What comes back of a booking, or of seats of it, and what is kept, by the rules it was sold under."""

    allowed = serializers.BooleanField(help_text="Whether its customer may cancel it, or give them back, now.")
    refund = MoneySerializer(help_text="What comes back, beside what went back before.")
    retained = MoneySerializer(help_text="What is kept.")
    why = serializers.ChoiceField(
        choices=[why.value for why in Why],
        help_text=(
            "unpaid: nothing was taken yet. in_time: before the cutoff. showtime_changed: it is not what was bought "
            "any more. late: after the cutoff, less the fee. closed: after the cutoff, not taken back. checked_in: "
            "somebody was let in by it. started: the showtime began. by_staff, showtime_cancelled, capture_failed: "
            "not the customer's doing. ended: the booking ended already."
        ),
    )
    until = serializers.DateTimeField(allow_null=True, help_text="When this changes; null: not by time alone.")


class ExchangedBookingSerializer(serializers.Serializer[Any]):
    booking_id = serializers.UUIDField()
    carried = MoneySerializer(help_text="What it pays; the rest needs a payment method.")
    retained = MoneySerializer(help_text="What is kept of it.")


class ChangeSerializer(serializers.Serializer[Any]):
    revision = serializers.IntegerField(help_text="What to accept; it grows with each change.")
    accepted = serializers.BooleanField(help_text="Its customer said that it suits them.")
    free_cancellation_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then all of it comes back, whatever the rules; null: no more."
    )


class BookingSerializer(serializers.Serializer[Any]):
    """Seats of a showtime, held or bought."""

    id = serializers.UUIDField()
    reference = serializers.CharField(help_text="For people: on tickets and in messages.")
    status = serializers.ChoiceField(choices=[state.value for state in State])
    payment_status = serializers.ChoiceField(choices=[status.value for status in PaymentStatus])
    payment_id = serializers.UUIDField(allow_null=True)
    user_id = serializers.UUIDField(help_text="Whose it is.")
    showtime_id = serializers.UUIDField()
    showtime = BookedShowtimeSerializer(help_text="As it is now.")
    terms = TermsSerializer(help_text="As it was when it was booked.")
    change = ChangeSerializer(
        allow_null=True, help_text="Its customer was told that the showtime is another one; null: of nothing."
    )
    seats = BookedSeatSerializer(many=True, help_text="Those that it has.")
    seats_given_back = GivenBackSeatSerializer(
        many=True, help_text="Those that it had when it was sold, and that were given back; the rest goes on."
    )
    lines = LineSerializer(many=True, help_text="What the total is made of: by seat, then those of the booking.")
    total = MoneySerializer(help_text="What all of it was sold at, with the seats that were given back.")
    refunded = MoneySerializer(help_text="What went back of the total so far.")
    exchange = ExchangedBookingSerializer(
        allow_null=True, help_text="The booking that ends once this one is paid; null: none is exchanged for it."
    )
    hold_expires_at = serializers.DateTimeField(help_text="Until then the seats are held for the payment.")
    extended_at = serializers.DateTimeField(allow_null=True, help_text="When its customer made the hold longer.")
    extendable = serializers.BooleanField(help_text="Whether its customer may make the hold longer, which is once.")
    created_at = serializers.DateTimeField()
    ticket = serializers.CharField(
        allow_null=True, help_text="One code for all the seats: lets in whoever is not in yet. As long as it is paid."
    )
    tickets = SeatTicketSerializer(many=True, help_text="One code for each seat. As long as it is paid.")
    cancellation = CancellationSerializer(
        allow_null=True,
        help_text="What came of it, in the answer to its cancellation, or to seats given back; null anywhere else.",
    )


class AdmissionSerializer(serializers.Serializer[Any]):
    """Who may go in now: the people of these seats."""

    booking_id = serializers.UUIDField()
    reference = serializers.CharField()
    showtime_id = serializers.UUIDField()
    showtime = BookedShowtimeSerializer()
    seats = TicketSeatSerializer(many=True)
    at = serializers.DateTimeField()


class RevokedSeatSerializer(serializers.Serializer[Any]):
    seat = serializers.CharField(help_text="As in `seats` of a ticket.")
    seat_id = serializers.UUIDField(help_text="As in `seat_id` of a ticket.")


class RevokedTicketSerializer(serializers.Serializer[Any]):
    booking_id = serializers.UUIDField(help_text="As in `sub` of a ticket.")
    reference = serializers.CharField(help_text="As in `ref` of a ticket.")
    status = serializers.CharField(help_text="Of the booking.")
    seats = RevokedSeatSerializer(
        many=True,
        allow_null=True,
        help_text="The seats that it has no more, each with its ticket, while it goes on; null: none of its tickets "
        "counts. A ticket of all of the booking lets in to the others.",
    )


class ReseatedSerializer(serializers.Serializer[Any]):
    booking_id = serializers.UUIDField(help_text="As in `sub` of a ticket.")
    reference = serializers.CharField(help_text="As in `ref` of a ticket.")
    seating = serializers.IntegerField(help_text="Only tickets of it whose `seating` is this one count.")


class RevokedTicketsSerializer(serializers.Serializer[Any]):
    """For a door without a connection."""

    showtime_id = serializers.UUIDField()
    cancelled = serializers.BooleanField(help_text="The showtime is: no ticket of it counts.")
    revoked = RevokedTicketSerializer(many=True)
    reseated = ReseatedSerializer(many=True, help_text="Bookings with seats in another screen than they were sold in.")


class SeatMoveSerializer(serializers.Serializer[Any]):
    before = serializers.CharField(help_text="As it is written, B1.")
    after = serializers.CharField(allow_null=True, help_text="null: there is no seat for the booking.")


class BookingSeatsMoveSerializer(serializers.Serializer[Any]):
    booking_id = serializers.UUIDField()
    reference = serializers.CharField()
    status = serializers.ChoiceField(choices=[State.PENDING.value, State.CONFIRMED.value])
    seats = SeatMoveSerializer(many=True)


class MovedScreenSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ScreenMoveSerializer(serializers.Serializer[Any]):
    """Who would sit where in another screen, as it looks now."""

    showtime_id = serializers.UUIDField()
    screen = MovedScreenSerializer()
    bookings = serializers.IntegerField(help_text="Sold or held: so many are told, and may leave for nothing.")
    people = serializers.IntegerField()
    without_seat = serializers.IntegerField(help_text="Of the bookings: so many would be cancelled and refunded.")
    moves = BookingSeatsMoveSerializer(many=True, help_text="Of each booking, the one that was made first in front.")


class TransitionSerializer(serializers.Serializer[Any]):
    """One change of a booking's status."""

    from_status = serializers.CharField(allow_blank=True, help_text="Empty for the first.")
    to_status = serializers.CharField(help_text="As in `status` of a booking.")
    trigger = serializers.ChoiceField(choices=[trigger.value for trigger in Trigger])
    cause = serializers.CharField(allow_blank=True, help_text="Id of the event that caused it.")
    actor = serializers.CharField(
        help_text="A user's id, or the part of the system that acted; to a customer `staff`, for who works there."
    )
    reason = serializers.CharField(allow_blank=True, help_text="The notes of staff are shown to staff alone.")
    message = serializers.CharField(allow_blank=True, help_text="What staff told the customer.")
    seats = serializers.CharField(allow_blank=True, help_text="Each that became another: `A1 → B3, A2 → B4`.")
    at = serializers.DateTimeField()


class HistorySerializer(serializers.Serializer[Any]):
    """The oldest first."""

    results = TransitionSerializer(many=True)


class SeatSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    row = serializers.CharField()
    number = serializers.IntegerField()
    category = serializers.CharField()
    price = MoneySerializer(help_text="Today, of a ticket of the default type, with all that comes with a ticket.")
    x = serializers.IntegerField(help_text="From the left, from 1; what is left out is an aisle.")
    y = serializers.IntegerField(help_text="From the screen backwards, from 1.")
    accessible = serializers.BooleanField()
    status = serializers.ChoiceField(choices=["available", "held", "sold", "blocked"])


class ScreenSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()


class TicketTypeSerializer(serializers.Serializer[Any]):
    """Whom a ticket is for."""

    code = serializers.CharField()
    name = serializers.CharField()
    hint = serializers.CharField(allow_blank=True, help_text="Whom exactly.")
    hints = serializers.DictField(
        child=serializers.CharField(), help_text="The hint in other languages, by their tags."
    )
    online = serializers.BooleanField(help_text="false: staff alone sell it.")
    default = serializers.BooleanField(help_text="What is booked where no type is named.")
    accompanied = serializers.BooleanField(help_text="Only in a booking that has a ticket of a type that is not.")


class FeeSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    per = serializers.ChoiceField(choices=["ticket", "booking"])
    amount = serializers.IntegerField()


class EarlySerializer(serializers.Serializer[Any]):
    """Off the price of each ticket; of those that fit, the one of the most days."""

    days_before = serializers.IntegerField(
        help_text="Bought at least so many of the theater's days before that of the start."
    )
    percent = serializers.IntegerField(help_text="What is taken off is rounded up.")


class TaxSerializer(serializers.Serializer[Any]):
    included = serializers.BooleanField(help_text="In prices and fees; false: it comes on top of them.")
    ticket = serializers.IntegerField(help_text="Basis points: 500 is 5 %.")
    fee = serializers.IntegerField(help_text="Basis points.")


class QuoteSerializer(serializers.Serializer[Any]):
    """What a booking of these seats would cost now."""

    showtime_id = serializers.UUIDField()
    seats = PricedSeatSerializer(many=True)
    lines = LineSerializer(many=True, help_text="What the total is made of: by seat, then those of the booking.")
    total = MoneySerializer()


class SeatMapSerializer(serializers.Serializer[Any]):
    """Prices of the tariff and of fees are minor units of `currency`."""

    showtime_id = serializers.UUIDField()
    version = serializers.CharField(help_text="Changes with the layout, the prices and the status of any seat.")
    screen = ScreenSerializer()
    seats = SeatSerializer(many=True)
    currency = serializers.CharField(help_text="ISO 4217.")
    ticket_types = TicketTypeSerializer(many=True)
    prices = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="As listed, by code of the ticket type and category of the seat; a category that a type has no price "
        "in is not sold to it.",
    )
    fees = FeeSerializer(many=True)
    early = EarlySerializer(many=True)
    tax = TaxSerializer()


BOOKINGS = page_of(BookingSerializer)
