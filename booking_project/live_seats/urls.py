from django.urls import path

from live_seats import api

urlpatterns = [path("showtimes/<uuid:showtime_id>/seats/live", api.LiveSeatsView.as_view())]
