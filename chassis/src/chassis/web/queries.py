"""Query parameters: what a view's method takes is declared at it, checked before it runs, and told in the document."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import QueryDict
from rest_framework import serializers

from chassis.web.parsing import MAX_FIELD_ERRORS, UNSTORABLE, StrictSerializer
from chassis.web.problems import BadRequest

Method = TypeVar("Method", bound=Callable[..., Any])
PAGE_SIZE = 20
MAX_PAGE_SIZE = 100


class BadParameter(BadRequest):
    """errors: [{"parameter", "detail"}], one per query parameter."""

    code = "bad_parameter"
    title = "A query parameter is unknown or wrong"


class Query(StrictSerializer):
    """The parameters of a method, as fields; of this class itself: none."""

    @classmethod
    def read(cls, given: QueryDict) -> dict[str, Any]:
        """The parameters as values. Raises BadParameter for one that is unknown, wrong, or given twice."""
        faults: dict[str, Any] = {}
        for name, values in given.lists():
            if len(values) > 1:
                faults[name] = ["This parameter is given more than once."]
            elif UNSTORABLE.search(name + values[0]):
                faults[name] = ["Text may not hold NUL or unpaired surrogates."]
        if not faults:
            try:
                return cls.parse(given.dict())
            except serializers.ValidationError as exc:
                faults = exc.detail  # type: ignore[assignment]  # of a serializer's fields it is a dict
        raise BadParameter(
            errors=[
                {"parameter": str(name), "detail": str(detail)}
                for name, details in list(faults.items())[:MAX_FIELD_ERRORS]
                for detail in details
            ]
        )


class AnyQuery(Query):
    """Of a method whose callers write their addresses as they like."""

    @classmethod
    def read(cls, given: QueryDict) -> dict[str, Any]:
        return {}


class PageSizeField(serializers.IntegerField):
    """As plain digits; DRF's own would take those of any script, and "1.0"."""

    def to_internal_value(self, data: Any) -> Any:
        if not (isinstance(data, str) and data.isascii() and data.isdigit()):
            self.fail("invalid")
        return super().to_internal_value(data)


class PageQuery(Query):
    """Of a list in pages (chassis.web.pages)."""

    cursor = serializers.CharField(required=False, allow_blank=True, help_text="From next or previous of another page.")
    page_size = PageSizeField(required=False, min_value=1, max_value=MAX_PAGE_SIZE, help_text=f"Default: {PAGE_SIZE}.")

    @staticmethod
    def read_page(given: QueryDict) -> dict[str, Any]:
        """The two alone, of all that is given. Raises BadParameter."""
        asked = QueryDict(mutable=True)
        for name in PageQuery._declared_fields.keys() & given.keys():
            asked.setlist(name, given.getlist(name))
        return PageQuery.read(asked) if asked else {}


def takes(query: type[Query]) -> Callable[[Method], Method]:
    """Says of a view's method which query parameters it takes; they are in `self.query` when it runs."""

    def say(method: Method) -> Method:
        method.takes = query  # type: ignore[attr-defined]  # a function holds what it is told
        return method

    return say


def taken_by(method: Any) -> type[Query]:
    query: type[Query] = getattr(method, "takes", Query)
    return query
