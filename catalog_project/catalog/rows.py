"""How rows are written: what changed, and what a constraint refuses."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from chassis.web.problems import Problem


@contextmanager
def refusing(constraint: str, refusal: Problem) -> Iterator[None]:
    """A transaction in which a violation of that constraint becomes the refusal."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as exc:
        diagnosis = getattr(exc.__cause__, "diag", None)
        if diagnosis is None or diagnosis.constraint_name != constraint:
            raise
        raise refusal from exc


def assign(row: object, fields: Mapping[str, object]) -> set[str]:
    """Sets the fields that differ; their names come back."""
    changed = {name for name, value in fields.items() if getattr(row, name) != value}
    for name in changed:
        setattr(row, name, fields[name])
    return changed
