"""What an invariant is made of: questions that a database answers about things by their keys, and what came of them."""

from dataclasses import dataclass

SERVICES = ("auth", "catalog", "booking", "payment", "notify")


@dataclass(frozen=True)
class Beside:
    """What somebody else knows of the things that are asked about, and the rule's database does not.

    owner: a service, whose database answers `sql`; or "gateway", whose record has `columns` by itself.
    columns: names and types of what comes back, as the rule finds it in `asked`. sql reads the keys in `asked` as well.
    """

    owner: str
    columns: str
    sql: str = ""


@dataclass(frozen=True)
class Rule:
    """Of each thing whether something is wrong with it.

    of: the kind of things, whose ids are the keys: "bookings", "payments", "receipts", "showtimes", "promo codes",
    "gift cards", "takings", "events of <service>", or "record", whose keys are the references that the card gateway
    was given.
    database: the service whose database answers. sql: a SELECT of a key and of what is wrong in words, NULL where
    nothing is, a row for each thing; it reads `asked`, which has the keys as `id`, or the rows of `beside`.
    $3 and further are `values`. counted: whether its things are those of the invariant.
    """

    of: str
    database: str
    sql: str
    beside: Beside | None = None
    values: tuple[str | list[str], ...] = ()
    counted: bool = True


@dataclass(frozen=True)
class Invariant:
    number: int
    words: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, order=True)
class Violation:
    """of, key: the thing it was found at. words: for people; names ids, references and amounts, and no person."""

    number: int
    of: str
    key: str
    words: str


@dataclass(frozen=True)
class Finding:
    """examined: how many things (seats, bookings ...) the invariant was held against. more: there may be others."""

    number: int
    invariant: str
    examined: int
    violations: tuple[str, ...]
    more: bool = False


@dataclass(frozen=True)
class DeadLetter:
    queue: str
    type: str
    event_id: str


@dataclass(frozen=True)
class Report:
    findings: tuple[Finding, ...]
    dead_letters: tuple[DeadLetter, ...]

    @property
    def violations(self) -> list[str]:
        return [words for finding in self.findings for words in finding.violations]
