"""Ticket types of a theater: added, changed and removed; its showtimes to come are told later (catalog.untold).

actor: who of staff does it, for the audit log; None where a program does. A theater that has types has one default.
"""

from typing import TypedDict, Unpack
from uuid import UUID

from django.db import transaction

from catalog import tariffs
from catalog.cache import catalog_changed
from catalog.domain import Kind
from catalog.errors import InvalidFields, NameTaken, TicketTypeInUse, TicketTypeNotFound
from catalog.models import Theater
from catalog.price_lists import locked_theater
from catalog.records import record_added, record_changed, record_removed, state
from catalog.rows import assign, refusing
from catalog.tariff_models import TicketType
from catalog.theaters import refuse_elsewhere
from catalog.untold import tell_later
from chassis.storage.audit_log import Actor


class TicketTypeFields(TypedDict, total=False):
    name: str
    hint: str
    hints: dict[str, str]
    online: bool
    default: bool
    accompanied: bool
    position: int


def add_ticket_type(
    *, theater_id: UUID, code: str, actor: Actor | None = None, **fields: Unpack[TicketTypeFields]
) -> TicketType:
    """A new type; the first of a theater is its default, and a later default takes over from the one before.

    position: without one it is the last. Raises TheaterNotFound, NameTaken, InvalidFields.
    """
    with refusing("ticket_types_have_codes_of_their_own", NameTaken("Another ticket type has this code.")):
        theater = locked_theater(theater_id)
        refuse_elsewhere(actor, theater.id)
        others = list(theater.ticket_types.all())
        if len(others) >= tariffs.MOST_TYPES:
            raise InvalidFields(code=f"A theater has {tariffs.MOST_TYPES} ticket types at most.")
        last = max((other.position for other in others), default=0)
        made = TicketType(theater=theater, code=code, **{"position": last + 1, **fields})
        made.default = made.default or not others
        _settle(theater, made, actor)
        made.save(force_insert=True)
        record_added(actor, made)
        tell_later(Kind.THEATER, theater.id)
        catalog_changed()
    return made


def change_ticket_type(
    *, theater_id: UUID, ticket_type_id: UUID, actor: Actor | None = None, **fields: Unpack[TicketTypeFields]
) -> TicketType:
    """Raises TicketTypeNotFound; InvalidFields for a default that would be none, and for a new one that a price list
    has no prices of."""
    with transaction.atomic():
        theater, type_ = _locked(theater_id, ticket_type_id)
        refuse_elsewhere(actor, theater.id)
        before = state(type_)
        was_default = type_.default
        changed = assign(type_, fields)
        if changed:
            if was_default and not type_.default:
                raise InvalidFields(default="Make another type the default instead.")
            _settle(theater, type_, actor)
            type_.save(update_fields=[*changed, "updated_at"])
            record_changed(actor, type_, before)
            tell_later(Kind.THEATER, theater.id)
            catalog_changed()
    return type_


def remove_ticket_type(*, theater_id: UUID, ticket_type_id: UUID, actor: Actor | None = None) -> None:
    """Raises TicketTypeNotFound; TicketTypeInUse while a price list names it, or while it is the default of others."""
    with transaction.atomic():
        theater, type_ = _locked(theater_id, ticket_type_id)
        refuse_elsewhere(actor, theater.id)
        if why := kept_because(type_):
            raise TicketTypeInUse(why)
        record_removed(actor, type_)
        type_.delete()
        tell_later(Kind.THEATER, theater.id)
        catalog_changed()


def kept_because(type_: TicketType) -> str:
    """Why it is not removed, a sentence; "": it may be."""
    if type_.default and type_.theater.ticket_types.count() > 1:
        return "The default stays; make another type the default first."
    for price_list in type_.theater.price_lists.all():
        rules = price_list.content.rules
        if type_.code in price_list.prices or any(type_.code in rule.ticket_types for rule in rules):
            return f"The price list {price_list.name} names it."
    return ""


def _locked(theater_id: UUID, ticket_type_id: UUID) -> tuple[Theater, TicketType]:
    theater = Theater.objects.select_for_update(no_key=True).filter(id=theater_id).first()
    type_ = TicketType.objects.filter(theater_id=theater_id, id=ticket_type_id).first()
    if theater is None or type_ is None:
        raise TicketTypeNotFound
    type_.theater = theater
    return theater, type_


def _settle(theater: Theater, type_: TicketType, actor: Actor | None) -> None:
    """Checks a default, and takes its place from the one before."""
    if not type_.default:
        return
    if type_.accompanied or not type_.online:
        raise InvalidFields(default="The default is what anybody buys: online, and on its own.")
    for price_list in theater.price_lists.all():
        priced = {category for row in price_list.prices.values() for category in row}
        if tariffs.uncovered(price_list.prices, type_.code, priced):
            raise InvalidFields(default=f"The price list {price_list.name} lacks prices of this type.")
    for other in theater.ticket_types.filter(default=True).exclude(id=type_.id):
        before = state(other)
        other.default = False
        other.save(update_fields=["default", "updated_at"])
        record_changed(actor, other, before)
