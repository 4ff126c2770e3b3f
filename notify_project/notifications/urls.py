from django.urls import URLPattern, path

from notifications import api

urlpatterns: list[URLPattern] = [
    path("notifications/email", api.SendEmail.as_view(), name="send-email"),
    path("notifications/sms", api.SendSms.as_view(), name="send-sms"),
    path("notifications/<uuid:notification_id>/send-again", api.SendAgain.as_view(), name="send-again"),
    path("notifications/history", api.History.as_view(), name="history"),
]
