from django.urls import path

from bookings import api

urlpatterns = [
    path("bookings", api.BookingListView.as_view()),
    path("bookings/<uuid:booking_id>", api.BookingView.as_view()),
    path("bookings/<uuid:booking_id>/cancellation", api.CancellationView.as_view()),
    path("bookings/<uuid:booking_id>/history", api.HistoryView.as_view()),
    path("showtimes/<uuid:showtime_id>/seats", api.SeatMapView.as_view()),
    path("showtimes/<uuid:showtime_id>/seats/blocked", api.BlockedSeatsView.as_view()),
]
