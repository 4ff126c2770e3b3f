"""A booking has other seats than it was sold: what staff and customers read of its money names those of now."""

from django.db import transaction

from payments import kept, seats
from payments.heard import BookingSeated
from payments.models import Payment, RefundStatus


def rename_seats(*, booking: BookingSeated) -> None:
    """Names the seats of a payment as its booking has them, unless it was told of a later seating before.

    Nothing is done for a booking without a payment: seats are changed of what is sold.
    """
    places = {place.id: (place.row, place.number) for place in booking.seats}
    with transaction.atomic(savepoint=False):
        row = Payment.objects.select_for_update().filter(booking_id=booking.booking_id).first()
        if row is None or row.seating >= booking.seating:
            return
        row.seating = booking.seating
        row.seats = kept.written(seats.renamed(kept.seats_of(row), places))
        row.save(update_fields=["seating", "seats", "updated_at"])
        for refund in row.refunds.filter(status__in=(RefundStatus.AWAITING_APPROVAL, RefundStatus.PENDING)):
            refund.seats = kept.written(seats.renamed(kept.seats_of(refund), places))
            refund.save(update_fields=["seats"])
