from django.contrib import admin
from django.urls import path

from accounts.admin import own_password
from accounts.desk_panels import home
from chassis.urls import service_urls

urlpatterns = [
    # The first page of the desk, which is no service's alone.
    path("admin/", admin.site.admin_view(home), name="home"),
    path("admin/auth/password_change/", admin.site.admin_view(own_password)),
    *service_urls("accounts.urls"),
]
handler400 = "chassis.web.exceptions.bad_request"
handler403 = "chassis.web.exceptions.permission_denied"
handler404 = "chassis.web.exceptions.not_found"
handler500 = "chassis.web.exceptions.server_error"
