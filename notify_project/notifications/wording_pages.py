"""What staff do to a wording beside saving it: look at it unsaved, send it to themselves, go back to a version."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from chassis.admin import actor_of
from chassis.ids import uuid7
from chassis.storage.audit_log import changes, columns, record
from chassis.web.desk import panel
from notifications import compose, outgoing, previews, wording_versions
from notifications.domain import Channel
from notifications.failures import DeliveryFailure
from notifications.kinds import KINDS, carries_secret
from notifications.mail_frames import shown_mail
from notifications.models import Contact, Notification, NotificationTemplate, WordingVersion
from notifications.presentation import codes
from notifications.smtp import SmtpConnection
from notifications.wording import Rendered, Wording
from notifications.wording_rules import BadWording
from notifications.wordings_admin import may_change

# Somebody waits for the answer.
SEND_SECONDS = 8.0
SUBJECT = "[Test] {}"

View = Callable[..., HttpResponseBase]


def _of_a_wording(view: View) -> View:
    """Answers only who may change it; `template` is the wording."""

    @wraps(view)
    def guarded(request: HttpRequest, pk: int) -> HttpResponseBase:
        template = get_object_or_404(NotificationTemplate, pk=pk, code__in=KINDS)
        if not may_change(request, template):
            raise PermissionDenied
        return view(request, template)

    return require_POST(guarded)


@_of_a_wording
def look(request: HttpRequest, template: NotificationTemplate) -> HttpResponse:
    """What the words that were typed would say: of the message `about`, or of what it could be about."""
    try:
        said = _typed_and_shown(request, template)
    except BadWording as error:
        return _told(request, f"This cannot be sent: {error}")
    mail = shown_mail(said.subject, said.text, said.html, title="HTML part, as typed")
    return panel(request, "notifications/looked.html", "Preview", mail=mail)


@_of_a_wording
def try_out(request: HttpRequest, template: NotificationTemplate) -> HttpResponse:
    """Sends the words that were typed, as a mail, to whoever asks for it: to their own address and to no other."""
    account = actor_of(request).account_id
    known = Contact.objects.filter(email_verified=True).exclude(email="")
    reader = known.filter(user_id=account).first() if account else None
    if template.channel != Channel.EMAIL:
        return _told(request, "Only a mail can be tried out.")
    if reader is None:
        return _told(request, "You have no address here that you have confirmed as yours: see your account.")
    try:
        said = _typed_and_shown(request, template)
    except BadWording as error:
        return _told(request, f"This cannot be sent: {error}")
    if not outgoing.allows(reader.email, proved=True):
        return _told(request, f"{reader.email} had as many messages as it may within an hour. Try again later.")
    try:
        _send(template, said, to=reader.email)
    except DeliveryFailure as failure:
        return _told(request, f"It could not be sent: {failure.code}.")
    with transaction.atomic():
        record(actor_of(request), "notificationtemplate.tried", ("notificationtemplate", str(template.pk)))
    return _told(request, f"Sent to {reader.email}.")


def _send(template: NotificationTemplate, said: Rendered, *, to: str) -> None:
    """Raises DeliveryFailure."""
    mail = compose.mail(
        notification_id=uuid7(),
        sender=settings.DEFAULT_FROM_EMAIL,
        recipient=to,
        rendered=Rendered(SUBJECT.format(said.subject), said.text, said.html),
        date=datetime.now(UTC),
        codes=codes(KINDS[template.code].sample),
        reply_to=settings.SUPPORT_EMAIL,
    )
    connection = SmtpConnection(settings.SMTP_SERVER, seconds=min(SEND_SECONDS, settings.DELIVERY_SECONDS))
    try:
        connection.send(mail)
    finally:
        connection.close()


def _typed_and_shown(request: HttpRequest, template: NotificationTemplate) -> Rendered:
    """Raises BadWording; of what is sent to somebody too, for a test that says what no customer may read is none."""
    typed = Wording(**{name: request.POST.get(name, "").replace("\r\n", "\n") for name in ("subject", "text", "body")})
    if not typed.text or (template.channel == Channel.EMAIL and not typed.subject):
        raise BadWording("A message needs a text, and a mail a subject.")
    said = previews.sample(template.code, typed, template.language)
    message = _about(request, template)
    return previews.of_message(message, typed, template.language) if message else said


def _about(request: HttpRequest, template: NotificationTemplate) -> Notification | None:
    try:
        key = UUID(request.POST.get("about", ""))
    except ValueError:
        return None
    if carries_secret(template.code):
        return None
    return Notification.objects.filter(id=key, template=template.code).first()


@_of_a_wording
def go_back(request: HttpRequest, template: NotificationTemplate) -> HttpResponseBase:
    """The wording says again what `version` of it said, and that is a version of its own."""
    with transaction.atomic():
        template = NotificationTemplate.objects.select_for_update().get(pk=template.pk)
        version = _version(request, template)
        try:
            previews.sample(template.code, version.source, template.language)
        except BadWording as error:
            messages.error(request, f"Version {version.number} cannot be sent any more: {error}")
        else:
            wording_versions.keep(template)
            before = columns(template)
            template.subject, template.text, template.body = version.subject, version.text, version.body
            template.save()
            wording_versions.keep(template, by=request.user.get_username())
            was, now = changes(before, columns(template))
            kept: Any = ("notificationtemplate", str(template.pk))
            record(actor_of(request), "notificationtemplate.changed", kept, before=was, after=now, reason=str(version))
            messages.success(request, f"It says again what version {version.number} said.")
    return redirect("admin:notifications_notificationtemplate_change", template.pk)


def _version(request: HttpRequest, template: NotificationTemplate) -> WordingVersion:
    number = request.POST.get("version", "")
    return get_object_or_404(
        WordingVersion,
        code=template.code,
        channel=template.channel,
        language=template.language,
        number=int(number) if number.isdecimal() and len(number) < 9 else 0,
    )


def _told(request: HttpRequest, said: str) -> HttpResponse:
    return panel(request, "notifications/looked.html", "Wording", said=said)
