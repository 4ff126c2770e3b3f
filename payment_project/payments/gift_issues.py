"""Issuing gift cards. This makes money, so what is too much for one pair of hands waits for a second.

Two steps: an issue is asked for, by itself approved or by a colleague; then who asked makes its cards, and gets their
codes, once. Nobody can read them again: only digests are kept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Now
from django.utils import timezone

from chassis import codes
from chassis.four_eyes import alone_up_to
from chassis.ids import first_uuid7_at, uuid7
from chassis.money import LARGEST_PAYMENT, Money, format_money
from chassis.storage import audit_log
from chassis.storage.database import lock_names
from chassis.web import second_factor
from payments import gift_ledger
from payments.clerks import Clerk
from payments.errors import (
    CodesAreTheirs,
    GiftCardIssueNotFound,
    GiftCardIssueOver,
    GiftCardsTooLarge,
    SecondPersonNeeded,
)
from payments.gift_ledger import Move, Origin
from payments.gift_models import GiftCard, GiftCardIssue, GiftCardLine, IssueStatus

# Cards of one issue.
MOST_CARDS = 1_000
_AT_ONCE = 500
# Within which small issues of one person are one large one.
TOGETHER = timedelta(days=1)
ABOUT = "gift card issue"


@dataclass(frozen=True, slots=True)
class Wanted:
    """count cards of `amount` minor units each; expires_at: None for never. reason: among staff."""

    origin: Origin
    amount: int
    currency: str
    reason: str
    count: int = 1
    expires_at: datetime | None = None


def request_issue(*, wanted: Wanted, clerk: Clerk, issue_id: UUID | None = None) -> GiftCardIssue:
    """Approved at once, or awaiting it: what one person issues within a day counts together.

    Raises SecondFactorNeeded, GiftCardsTooLarge.

    wanted.count: up to MOST_CARDS.
    """
    second_factor.require(clerk.actor)
    if wanted.count * wanted.amount > LARGEST_PAYMENT:
        raise GiftCardsTooLarge
    with transaction.atomic():
        lock_names([f"gift cards of {clerk.name}"])
        issue = GiftCardIssue(
            id=issue_id or uuid7(),
            origin=wanted.origin,
            count=wanted.count,
            amount=wanted.amount,
            currency=wanted.currency,
            expires_at=wanted.expires_at,
            reason=wanted.reason,
            requested_by=clerk.name,
            requested_by_id=clerk.account_id,
            due_by=timezone.now() + timedelta(hours=settings.GIFT_CARDS_APPROVAL_HOURS),
        )
        if _is_too_much_alone(issue, clerk):
            issue.status = IssueStatus.AWAITING_APPROVAL
        issue.save(force_insert=True)
        audit_log.record(clerk.actor, f"gift_cards.{_asked_as(issue)}", (ABOUT, issue.id), after=_told(issue))
    return issue


def approve_issue(*, issue_id: UUID, clerk: Clerk) -> GiftCardIssue:
    """A second person agrees; who asked may make the cards now.

    Raises SecondFactorNeeded, GiftCardIssueNotFound, GiftCardIssueOver, SecondPersonNeeded.
    """
    second_factor.require(clerk.actor)
    with transaction.atomic():
        issue = _waiting(issue_id, IssueStatus.AWAITING_APPROVAL)
        if clerk.is_the_one(name=issue.requested_by, account_id=issue.requested_by_id):
            raise SecondPersonNeeded
        _decide(issue, clerk, IssueStatus.APPROVED)
        audit_log.record(clerk.actor, "gift_cards.approved", (ABOUT, issue.id), after=_told(issue))
    return issue


def refuse_issue(*, issue_id: UUID, clerk: Clerk, note: str) -> GiftCardIssue:
    """A colleague says no, and why; who asked may take it back in the same way.

    Raises GiftCardIssueNotFound, GiftCardIssueOver.
    """
    with transaction.atomic():
        issue = _waiting(issue_id, IssueStatus.AWAITING_APPROVAL)
        issue.decision_note = note
        _decide(issue, clerk, IssueStatus.REFUSED)
        audit_log.record(clerk.actor, "gift_cards.refused", (ABOUT, issue.id), after=_told(issue), reason=note)
    return issue


def make_cards(*, issue_id: UUID, clerk: Clerk) -> list[str]:
    """The codes of its cards, which are good from now on. Nobody gets them again.

    Raises SecondFactorNeeded, GiftCardIssueNotFound, GiftCardIssueOver, CodesAreTheirs.
    """
    second_factor.require(clerk.actor)
    with transaction.atomic():
        issue = _waiting(issue_id, IssueStatus.APPROVED)
        if not clerk.is_the_one(name=issue.requested_by, account_id=issue.requested_by_id):
            raise CodesAreTheirs
        made = [codes.new_code() for _ in range(issue.count)]
        cards = [_card(issue, code) for code in made]
        GiftCard.objects.bulk_create(cards, batch_size=_AT_ONCE)
        lines = (line for card in cards for line in _lines(issue, card))
        # The lines of a card go in together: the database refuses them when they do not add up to zero.
        GiftCardLine.objects.bulk_create(lines, batch_size=2 * _AT_ONCE)
        issue.status = IssueStatus.ISSUED
        issue.save(update_fields=["status"])
        audit_log.record(clerk.actor, "gift_cards.issued", (ABOUT, issue.id), after=_told(issue))
    return made


def lapse_issues(*, limit: int) -> int:
    """Ends what nobody approved, or made, in time, at most `limit`, the oldest first; how many there were."""
    open_ = (IssueStatus.AWAITING_APPROVAL, IssueStatus.APPROVED)
    with transaction.atomic():
        due = (
            GiftCardIssue.objects.select_for_update(skip_locked=True)
            .filter(status__in=open_, due_by__lte=Now())
            .order_by("due_by")
            .values_list("id", flat=True)[:limit]
        )
        return GiftCardIssue.objects.filter(id__in=list(due)).update(status=IssueStatus.LAPSED)


def limit_of(currency: str) -> int | None:
    """So much one person may issue within a day, in minor units; None: nothing."""
    return alone_up_to(settings.GIFT_CARDS_ALONE_UP_TO, currency)


def _is_too_much_alone(issue: GiftCardIssue, clerk: Clerk) -> bool:
    """With what they issued alone lately: a large issue in small parts is a large issue."""
    limit = limit_of(issue.currency)
    lately = GiftCardIssue.objects.filter(
        requested_by=clerk.name,
        id__gte=first_uuid7_at(timezone.now() - TOGETHER),
        currency=issue.currency,
        status__in=(IssueStatus.APPROVED, IssueStatus.ISSUED),
        decided_at=None,
    ).aggregate(total=Sum(F("count") * F("amount")))
    return limit is None or (lately["total"] or 0) + issue.total > limit


def _waiting(issue_id: UUID, status: IssueStatus) -> GiftCardIssue:
    """Locked. Raises GiftCardIssueNotFound, GiftCardIssueOver."""
    issue = GiftCardIssue.objects.select_for_update().filter(id=issue_id).first()
    if issue is None:
        raise GiftCardIssueNotFound
    if issue.status != status or issue.due_by <= timezone.now():
        raise GiftCardIssueOver
    return issue


def _decide(issue: GiftCardIssue, clerk: Clerk, status: IssueStatus) -> None:
    issue.status, issue.decided_by, issue.decided_at = status, clerk.name, timezone.now()
    issue.save(update_fields=["status", "decided_by", "decided_at", "decision_note"])


def _card(issue: GiftCardIssue, code: str) -> GiftCard:
    return GiftCard(
        issue=issue,
        digest=codes.digest_of(code),
        last4=codes.last_of(code),
        amount=issue.amount,
        currency=issue.currency,
        balance=issue.amount,
        expires_at=issue.expires_at,
    )


def _lines(issue: GiftCardIssue, card: GiftCard) -> list[GiftCardLine]:
    return [
        GiftCardLine(card=card, move=Move.ISSUE, account=line.account, amount=line.amount, currency=card.currency)
        for line in gift_ledger.issued(Origin(issue.origin), issue.amount)
    ]


def _asked_as(issue: GiftCardIssue) -> str:
    return "approval_requested" if issue.status == IssueStatus.AWAITING_APPROVAL else "requested"


def _told(issue: GiftCardIssue) -> dict[str, str | int | None]:
    """For the record."""
    return {
        "origin": str(issue.origin),
        "count": issue.count,
        "each": format_money(Money(issue.amount, issue.currency)),
        "expires": issue.expires_at.isoformat() if issue.expires_at else None,
        "reason": issue.reason,
        "status": str(issue.status),
    }
