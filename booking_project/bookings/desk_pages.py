from django.urls import reverse

from bookings import desk_panels
from bookings.exchange_pages import exchange_page
from bookings.models import Booking
from chassis.web.desk import DeskPage
from chassis.web.desk_needs import Need
from chassis.web.desk_search import Find

PAGES = [
    DeskPage("bookings/<uuid:booking_id>/whole/", "booking_whole", desk_panels.whole, "view_booking"),
    DeskPage("bookings/<uuid:booking_id>/exchange/", "booking_exchange", exchange_page, "view_booking"),
    DeskPage("panels/tonight/", "tonight_panel", desk_panels.tonight_panel, "view_showtime"),
    DeskPage(
        "panels/customers/<uuid:user_id>/bookings/",
        "customer_bookings_panel",
        desk_panels.customer_bookings_panel,
        "view_booking",
    ),
]
NEEDS = [
    Need(
        "hold that ended and was not swept",
        "holds that ended and were not swept",
        desk_panels.holds_too_old,
        "admin:bookings_booking_changelist",
        "status__exact=PENDING",
        "view_booking",
    ),
]
FINDS = [
    Find(
        Booking,
        lambda booking: reverse("booking_whole", args=[booking.pk]),
        about=desk_panels.in_brief,
        is_called=lambda booking, term: booking.reference == term.upper(),
        along=("showtime",),
    ),
]
