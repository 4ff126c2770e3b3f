"""Where rows of a page have their theater: whoever is limited to some lists, finds and takes along those of theirs."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from chassis.web.searching import REACH


class ByTheater:
    """Of a page of the admin site."""

    model: Any
    admin_site: Any
    # Whether there are never so many rows that a page of them may not cost reading all.
    few_rows = False
    # The column of a row that has the id of its theater. "": it has none.
    theater_path = ""
    # The relation to the row whose theater is this one's, too: `booking`, say, whose page says where that has it.
    belongs_to = ""
    # The model of that row, where what leads to it is a key and no relation.
    owner: Any = None
    # Whether a row that belongs to none is for all theaters, and not only for whoever has no limit.
    alone_is_for_all = False
    # The list of somebody limited shows theirs among so many first rows: fewer, where several tables say whose each is.
    reach = REACH

    @property
    def goes_by_theaters(self) -> bool:
        """Whether a list of many rows is another one for whoever is limited to some."""
        says_it_itself = type(self).at_theaters is not ByTheater.at_theaters
        return bool(self.theater_path or self.belongs_to or says_it_itself) and not self.few_rows

    def at_theaters(self, theaters: Collection[UUID], path: str = "") -> Q:
        """What is so of a row of these theaters; a page overrides it where neither a column nor a relation says it.

        path: to the row, from one that belongs to it.
        """
        if not self.belongs_to:
            return Q(**{f"{path}{self.theater_path}__in": theaters}) if self.theater_path else Q()
        theirs = self._owners_page.at_theaters(theaters, f"{path}{self.belongs_to}__")
        return theirs | Q(**{f"{path}{self.belongs_to}": None}) if self.alone_is_for_all else theirs

    def of_theaters(self, rows: QuerySet[Any], theaters: AbstractSet[UUID]) -> QuerySet[Any]:
        return rows.filter(self.at_theaters(theaters))

    def theirs_among_the_first(self, rows: QuerySet[Any], theaters: AbstractSet[UUID]) -> "Theirs":
        """Of rows of everybody, in whatever order and however many, those of these theaters that are in front: no index
        has rows of a theater in the order of a list.
        """
        return Theirs(rows, self.keys_of_theirs(rows, theaters, self.reach))

    def keys_of_theirs(self, rows: QuerySet[Any], theaters: AbstractSet[UUID], most: int | None = None) -> list[Any]:
        """In the order of the rows. Each table is asked once, by its keys: a join may be planned to read all of it."""
        if self.belongs_to:
            pairs = list(rows.values_list("pk", self.belongs_to)[:most])
            there = self._owners_page._of_theirs({owner for _, owner in pairs if owner is not None}, theaters)
            return [key for key, owner in pairs if owner in there or (owner is None and self.alone_is_for_all)]
        if self.theater_path:
            return [key for key, theater in rows.values_list("pk", self.theater_path)[:most] if theater in theaters]
        keys = list(rows.values_list("pk", flat=True)[:most])
        there = self._of_theirs(keys, theaters)
        return [key for key in keys if key in there]

    def _of_theirs(self, keys: Collection[Any], theaters: AbstractSet[UUID]) -> AbstractSet[Any]:
        """Those of these keys."""
        if not keys:
            return frozenset()
        rows = self.model._base_manager.filter(_with_keys(keys)).order_by()
        if self.belongs_to or self.theater_path:
            return frozenset(self.keys_of_theirs(rows, theaters))
        return frozenset(self.of_theaters(rows, theaters).values_list("pk", flat=True))

    @property
    def _owners_page(self) -> "ByTheater":
        owner = self.owner or self.model._meta.get_field(self.belongs_to).related_model
        page: ByTheater = self.admin_site._registry[owner]
        return page


class Theirs:
    """Rows that a list pages through: those of a page are read when it is shown, and how many there are is known.

    keys: of all of them, in the order of the rows.
    """

    ordered = True

    def __init__(self, rows: QuerySet[Any], keys: Sequence[Any]) -> None:
        self._rows, self._keys = rows, keys

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, place: slice) -> QuerySet[Any]:
        keys = self._keys[place]
        return self._rows.filter(_with_keys(keys)) if keys else self._rows.none()

    def _clone(self) -> QuerySet[Any]:
        """As Django's list asks for what fits on one page."""
        return self[:]


def _with_keys(keys: Collection[Any]) -> Q:
    """Their range leads to the partitions that have them."""
    return Q(pk__in=list(keys), pk__gte=min(keys), pk__lte=max(keys))
