from django.contrib import admin
from django.urls import path

from accounts.admin import own_password
from chassis.urls import service_urls

urlpatterns = [
    path("admin/auth/password_change/", admin.site.admin_view(own_password)),
    *service_urls("accounts.urls"),
]
handler400 = "chassis.web.exceptions.bad_request"
handler403 = "chassis.web.exceptions.permission_denied"
handler404 = "chassis.web.exceptions.not_found"
handler500 = "chassis.web.exceptions.server_error"
