from django.urls import include, path

from chassis.urls import service_urls

urlpatterns = [*service_urls("bookings.urls"), path("", include("live_seats.urls"))]
handler400 = "chassis.web.exceptions.bad_request"
handler403 = "chassis.web.exceptions.permission_denied"
handler404 = "chassis.web.exceptions.not_found"
handler500 = "chassis.web.exceptions.server_error"
