from django.urls import URLPattern, path

from notifications import api

urlpatterns: list[URLPattern] = [
    path("notifications/email", api.SendEmail.as_view(), name="send-email"),
    path("notifications/sms", api.SendSms.as_view(), name="send-sms"),
    path("notifications/history", api.History.as_view(), name="history"),
]
