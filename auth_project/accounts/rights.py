"""What somebody of staff may do, and where: one rule for the form of an account and for the API."""

from collections.abc import Collection, Iterator
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import transaction

from accounts import services
from accounts.domain import Deed, Rank, may_become_staff, may_give_theaters
from accounts.errors import AboveYourRank, RightsNotToBeGiven
from accounts.models import User, rank_by
from accounts.roles import STAFF_MAY
from accounts.selectors import account
from chassis.roles import is_staff, is_superuser
from chassis.storage.audit_log import Door

ADDRESS_BY_ANOTHER = (
    "Somebody else of staff gave this account its address, and may read its mail. Its owner has to change the address"
    " before the account gets a role of staff, or you do."
)
FOR_ADMINS = "Who may do everything does it at every theater: leave this empty, or take the role away."
MORE_THAN_YOURS = "Nobody gives somebody more theaters than they have themselves."
GUEST = (
    "This is a guest's account: whoever bought as that guest is signed in to it, whatever address they gave. Its owner"
    " has to set a password by mail before it gets a role of staff."
)


def change_rights(
    *,
    user_id: UUID,
    staff: User,
    roles: Collection[str] | None = None,
    theaters: Collection[UUID] | None = None,
    reason: str = "",
) -> User:
    """Gives an account these roles, and limits it to these theaters; None: as they are. reason: a note among staff.

    Another list ends what was given with the one before. Raises NotFound, AboveYourRank, RightsNotToBeGiven.
    """
    with transaction.atomic():
        user = account(user_id, locked=True)
        if not staff.may(Deed.ASSIGN_ROLES, user):
            raise AboveYourRank
        before, limits = user.roles, user.theaters
        given = before if roles is None else roles
        user.theaters = limits if theaters is None else sorted(set(theaters))
        wrong = faults(
            staff=staff, user=user, roles=given, theaters=user.theaters, address_given_by=user.email_changed_by
        )
        if errors := [{"pointer": f"/{field}", "detail": said} for field, said in wrong]:
            raise RightsNotToBeGiven(errors=errors)
        was = {"theaters": limits} if limits != user.theaters else {}
        user.save(update_fields=["theaters", "updated_at"])
        user.groups.set(Group.objects.filter(name__in=given))
        user.refresh_from_db()
        services.record_staff_change(user=user, was=was, roles_before=before, staff=staff, door=Door.API, reason=reason)
    return user


def faults(
    *,
    staff: User,
    user: User,
    roles: Collection[str],
    theaters: Collection[UUID] | None,
    address_given_by: UUID | None,
) -> Iterator[tuple[str, str]]:
    """What keeps these roles and theaters from being given by the staff to the user, who still has the old ones:
    `roles` or `theaters`, and a sentence.

    theaters: None is not looked at. address_given_by: as may_become_staff() has it.
    """
    if user.rank is Rank.CUSTOMER and rank_by(roles) is not Rank.CUSTOMER:
        if user.is_guest:
            yield "roles", GUEST
        if not may_become_staff(actor_id=staff.pk, address_given_by=address_given_by):
            yield "roles", ADDRESS_BY_ANOTHER
    if theaters is None or not is_staff(STAFF_MAY, roles):
        return
    if theaters and is_superuser(STAFF_MAY, roles):
        yield "theaters", FOR_ADMINS
    elif not may_give_theaters(own=staff.limited_to, given=frozenset(theaters) or None):
        yield "theaters", MORE_THAN_YOURS
