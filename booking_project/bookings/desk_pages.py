"""The pages of booking's desk: a day and its showtimes, the map of one, the counter, tickets on paper, the door."""

from django.urls import reverse

from bookings import counter_pages, desk_panels, door_pages, map_pages, occupancy_pages, paper_pages, tonight_pages
from bookings.exchange_pages import exchange_page
from bookings.models import Booking
from chassis.web.desk import DeskPage
from chassis.web.desk_needs import Need
from chassis.web.desk_search import Find

PAGES = [
    DeskPage("tonight/", "tonight", tonight_pages.tonight_view, "view_showtime"),
    DeskPage("panels/tonight/", "tonight_panel", tonight_pages.tonight_panel, "view_showtime"),
    DeskPage("showtimes/<uuid:showtime_id>/map/", "showtime_map", map_pages.map_view, "view_showtime"),
    DeskPage("bookings/<uuid:booking_id>/tickets/", "paper_tickets", paper_pages.tickets_view, "sell_booking"),
    DeskPage("showtimes/<uuid:showtime_id>/counter/", "counter_sale", counter_pages.sale_page, "sell_booking"),
    DeskPage("bookings/<uuid:booking_id>/counter/", "counter_sold", counter_pages.sold_page, "sell_booking"),
    DeskPage("panels/counter/<uuid:booking_id>/", "counter_panel", counter_pages.sold_panel, "sell_booking"),
    DeskPage("door/", "doors", door_pages.doors_view, "check_in_booking"),
    DeskPage("door/worker.js", "door_worker", door_pages.worker_view, "check_in_booking"),
    DeskPage("door/<uuid:showtime_id>/", "door", door_pages.door_view, "check_in_booking"),
    DeskPage("door/<uuid:showtime_id>/check-in/", "door_check_in", door_pages.check_in_view, "check_in_booking"),
    DeskPage("door/<uuid:showtime_id>/codes/", "door_codes", door_pages.codes_view, "check_in_booking"),
    DeskPage("door/<uuid:showtime_id>/sync/", "door_sync", door_pages.sync_view, "check_in_booking"),
    DeskPage("bookings/<uuid:booking_id>/whole/", "booking_whole", desk_panels.whole, "view_booking"),
    DeskPage("bookings/<uuid:booking_id>/exchange/", "booking_exchange", exchange_page, "view_booking"),
    DeskPage("panels/occupancy/", "occupancy_panel", occupancy_pages.occupancy_panel, "view_occupancy"),
    DeskPage("occupancy/export.<slug:kind>", "occupancy_file", occupancy_pages.occupancy_file, "view_occupancy"),
    DeskPage("panels/houses/", "houses_panel", desk_panels.houses_panel, "view_showtime"),
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
