"""What a wording said before: kept with each change of it, so that staff may go back."""

from django.db.models import QuerySet

from notifications.models import NotificationTemplate, WordingVersion

# Older ones go.
MOST = 50


def kept(template: NotificationTemplate) -> QuerySet[WordingVersion]:
    """The newest first, MOST at most."""
    return _of(template).order_by("-number")[:MOST]


def keep(template: NotificationTemplate, *, by: str = "") -> None:
    """Writes down what the wording says now, if its newest version says something else.

    In the transaction that changes the wording, whose row is locked. by: who saved it; "": it came with a release.
    """
    newest = _of(template).order_by("-number").first()
    if newest is not None and newest.source == template.source:
        return
    number = newest.number + 1 if newest else 1
    WordingVersion.objects.create(
        code=template.code,
        channel=template.channel,
        language=template.language,
        number=number,
        subject=template.subject,
        text=template.text,
        body=template.body,
        saved_by=by,
    )
    _of(template).filter(number__lte=number - MOST).delete()


def _of(template: NotificationTemplate) -> QuerySet[WordingVersion]:
    return WordingVersion.objects.filter(code=template.code, channel=template.channel, language=template.language)
