from typing import Any

from django.urls import reverse

from chassis.web.desk import DeskPage
from chassis.web.desk_needs import Need
from chassis.web.desk_search import Find
from notifications import desk_panels, wording_pages
from notifications.models import Notification

SEES = "view_notification"
WORDS = "change_notificationtemplate"
PAGES = [
    DeskPage(
        "panels/bookings/<uuid:booking_id>/messages/",
        "booking_messages_panel",
        desk_panels.booking_messages_panel,
        SEES,
    ),
    DeskPage("panels/bookings/<uuid:booking_id>/steps/", "booking_steps_panel", desk_panels.booking_steps_panel, SEES),
    DeskPage(
        "panels/customers/<uuid:user_id>/messages/",
        "customer_messages_panel",
        desk_panels.customer_messages_panel,
        SEES,
    ),
    DeskPage("panels/messages/<uuid:notification_id>/", "message_panel", desk_panels.message_panel, SEES),
    DeskPage("panels/previews/<slug:code>/", "preview_panel", desk_panels.preview_panel, SEES),
    DeskPage("wordings/<int:pk>/look/", "wording_look", wording_pages.look, WORDS),
    DeskPage("wordings/<int:pk>/try/", "wording_try", wording_pages.try_out, WORDS),
    DeskPage("wordings/<int:pk>/back/", "wording_back", wording_pages.go_back, WORDS),
]
NEEDS = [
    Need(
        "message that could not be sent",
        "messages that could not be sent",
        desk_panels.failed,
        "admin:notifications_notification_changelist",
        "status__exact=failed",
        SEES,
    ),
]


def _about(message: Any) -> str:
    return f"to {message.recipient}" if message.recipient else ""


FINDS = [
    Find(Notification, lambda message: reverse("message_panel", args=[message.pk]), about=_about),
]
