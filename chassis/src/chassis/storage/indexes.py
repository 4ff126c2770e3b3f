"""Indexes that several services have."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db.models import OrderBy
from django.db.models.functions import Collate, Upper
from django.db.models.indexes import IndexExpression

# As Django's own app for PostgreSQL does where it is installed: so that an operator class may stand in an index.
IndexExpression.register_wrappers(OrderBy, OpClass, Collate)


def by_part_of(column: str, *, name: str) -> GinIndex:
    """Finds a part of a text in whatever case, as `icontains` asks for it. Wants pg_trgm, which chassis installs."""
    return GinIndex(OpClass(Upper(column), name="gin_trgm_ops"), name=name)
