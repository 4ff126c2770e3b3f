from chassis.urls import service_urls

urlpatterns = service_urls("things.urls")
handler400 = "chassis.errors.bad_request"
handler403 = "chassis.errors.permission_denied"
handler404 = "chassis.errors.not_found"
handler500 = "chassis.errors.server_error"
