"""The pages of booking's desk: a day and its showtimes, the map of one, tickets on paper, the door."""

from bookings import door_pages, map_pages, paper_pages, tonight_pages
from chassis.web.desk import DeskPage

PAGES = [
    DeskPage("tonight/", "tonight", tonight_pages.tonight_view, "view_showtime"),
    DeskPage("panels/tonight/", "tonight_panel", tonight_pages.tonight_panel, "view_showtime"),
    DeskPage("showtimes/<uuid:showtime_id>/map/", "showtime_map", map_pages.map_view, "view_showtime"),
    DeskPage("bookings/<uuid:booking_id>/tickets/", "paper_tickets", paper_pages.tickets_view, "sell_booking"),
    DeskPage("door/", "doors", door_pages.doors_view, "check_in_booking"),
    DeskPage("door/worker.js", "door_worker", door_pages.worker_view, "check_in_booking"),
    DeskPage("door/<uuid:showtime_id>/", "door", door_pages.door_view, "check_in_booking"),
    DeskPage("door/<uuid:showtime_id>/check-in/", "door_check_in", door_pages.check_in_view, "check_in_booking"),
    DeskPage("door/<uuid:showtime_id>/codes/", "door_codes", door_pages.codes_view, "check_in_booking"),
    DeskPage("door/<uuid:showtime_id>/sync/", "door_sync", door_pages.sync_view, "check_in_booking"),
]
