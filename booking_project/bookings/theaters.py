"""What somebody of staff who is limited to theaters has a part in (chassis.theaters); None is no limit everywhere."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from bookings.errors import BookingNotFound
from bookings.models import Booking, Showtime
from bookings.promo_models import Promotion
from chassis.theaters import Theaters
from chassis.web.problems import OtherTheater


def showtimes_at(theaters: Theaters) -> QuerySet[Showtime]:
    return Showtime.objects.all() if theaters is None else Showtime.objects.filter(theater_id__in=theaters)


def bookings_at(theaters: Theaters) -> QuerySet[Booking]:
    return Booking.objects.all() if theaters is None else Booking.objects.filter(showtime__theater_id__in=theaters)


def promotions_at(theaters: Theaters) -> QuerySet[Promotion]:
    """Those that hold there and nowhere else."""
    return Promotion.objects.all() if theaters is None else Promotion.objects.filter(held_within(theaters))


def held_within(theaters: Collection[UUID], path: str = "theaters") -> Q:
    """Of promotions; path: where they have their theaters."""
    return Q(**{f"{path}__contained_by": list(theaters)}) & ~Q(**{path: []})


def refuse_promotion(theaters: Theaters, named: Collection[UUID]) -> None:
    """named: where it is to hold; none: everywhere. Raises OtherTheater."""
    if theaters is not None and not (named and theaters.issuperset(named)):
        raise OtherTheater("A promotion of yours is for theaters of yours: name them.")


def refuse_showtime(theaters: Theaters, showtime_id: UUID) -> None:
    """Raises OtherTheater; of one that is not known nothing is said here."""
    if theaters is None:
        return
    theater_id = Showtime.objects.values_list("theater_id", flat=True).filter(id=showtime_id).first()
    if theater_id is not None and theater_id not in theaters:
        raise OtherTheater


def refuse_booking(theaters: Theaters, booking: Booking) -> None:
    """One of another theater is as if it were not there. Raises BookingNotFound."""
    if theaters is not None and booking.showtime.theater_id not in theaters:
        raise BookingNotFound
