"""What an API document says of an operation beside what is declared at its view."""

from typing import Any

import pytest
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.web.openapi import page_of, problems, sends
from chassis.web.parsing import StrictSerializer
from chassis.web.permissions import May
from chassis.web.problems import Conflict, Problem
from chassis.web.queries import PageQuery, takes
from chassis.web.views import APIView

PROBLEM = "application/problem+json"
KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True)


class ShelfFull(Conflict):
    """free: how many fit."""

    code = "shelf_full"
    title = "The shelf is full"
    members = {"free": {"type": "integer", "examples": [0]}}


class TornApart(Problem):
    status = 402
    codes = ("torn", "burnt")
    title = "It cannot be used"


class BookRequest(StrictSerializer):
    title = serializers.CharField(max_length=20)


class BookSerializer(serializers.Serializer[Any]):
    """A book."""

    title = serializers.CharField()
    note = serializers.CharField(required=False)


class Shelf(APIView):
    @takes(PageQuery)
    @extend_schema(operation_id="list_books", responses=page_of(BookSerializer))
    def get(self, request: Request) -> Response:
        return Response()

    @problems(ShelfFull, TornApart)
    @extend_schema(
        operation_id="add_book",
        request=BookRequest,
        responses={201: BookSerializer},
        parameters=[KEY],
        examples=sends(a_novel={"title": "Emma"}),
    )
    def post(self, request: Request) -> Response:
        return Response()


class Book(APIView):
    permission_classes = [May("delete_thing")]

    @extend_schema(operation_id="drop_book", request=BookRequest, responses={204: None})
    def delete(self, request: Request, book_id: str) -> Response:
        return Response()


class Door(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(operation_id="knock", responses=BookSerializer, auth=[])
    def get(self, request: Request) -> Response:
        return Response()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    routes = [
        path("books", Shelf.as_view()),
        path("books/<uuid:book_id>", Book.as_view()),
        path("door", Door.as_view()),
    ]
    made: dict[str, Any] = SchemaGenerator(patterns=routes).get_schema(request=None, public=True)
    return made


def answer(document: dict[str, Any], operation: dict[str, Any], status: str) -> dict[str, Any]:
    found: dict[str, Any] = operation["responses"][status]
    return document["components"]["responses"][found["$ref"].rpartition("/")[2]] if "$ref" in found else found


def codes(document: dict[str, Any], operation: dict[str, Any], status: str) -> list[str]:
    told: list[str] = answer(document, operation, status)["content"][PROBLEM]["schema"]["properties"]["code"]["enum"]
    return told


def test_the_codes_that_a_view_declares_stand_beside_those_of_its_key(document: dict[str, Any]) -> None:
    post = document["paths"]["/books"]["post"]
    assert codes(document, post, "409") == ["idempotency_key_in_flight", "shelf_full"]
    assert codes(document, post, "402") == ["burnt", "torn"]
    assert codes(document, post, "422") == ["idempotency_key_reused"]
    assert "idempotency_key_missing" in codes(document, post, "400")
    assert document["components"]["examples"]["shelf_full"]["value"]["free"] == 0
    assert "free" in document["components"]["schemas"]["Problem"]["properties"]


def test_a_key_may_be_answered_by_a_replay(document: dict[str, Any]) -> None:
    post = document["paths"]["/books"]["post"]
    assert {"$ref": "#/components/parameters/IdempotencyKeyRequired"} in post["parameters"]
    for status in ("201", "402", "409"):
        assert "Idempotency-Replayed" in answer(document, post, status)["headers"]


def test_who_may_call_is_read_off_the_view(document: dict[str, Any]) -> None:
    paths = document["paths"]
    assert codes(document, paths["/books"]["get"], "401") == ["not_authenticated"]
    assert "403" not in paths["/books"]["get"]["responses"]
    assert codes(document, paths["/books/{book_id}"]["delete"], "403") == ["permission_denied"]
    assert {"401", "403"}.isdisjoint(paths["/door"]["get"]["responses"])
    assert paths["/door"]["get"]["security"] == [{}]


def test_what_is_read_may_be_known_already(document: dict[str, Any]) -> None:
    get = document["paths"]["/books"]["get"]
    assert {"$ref": "#/components/parameters/IfNoneMatch"} in get["parameters"]
    assert "ETag" in get["responses"]["200"]["headers"]
    assert get["responses"]["304"] == {"$ref": "#/components/responses/NotModified"}
    assert "304" not in document["paths"]["/books"]["post"]["responses"]


def test_a_list_refuses_a_bad_cursor_and_a_path_may_lead_nowhere(document: dict[str, Any]) -> None:
    assert "bad_cursor" in codes(document, document["paths"]["/books"]["get"], "400")
    assert codes(document, document["paths"]["/books/{book_id}"]["delete"], "404") == ["not_found"]
    assert "404" not in document["paths"]["/books"]["get"]["responses"]


def test_waiting_is_told_where_it_helps(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            for status in ("429", "503"):
                assert "Retry-After" in answer(document, operation, status)["headers"]


def test_a_body_of_delete_is_documented(document: dict[str, Any]) -> None:
    body = document["paths"]["/books/{book_id}"]["delete"]["requestBody"]
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/BookRequest"}


def test_requests_are_strict_and_answers_whole(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["BookRequest"]["additionalProperties"] is False
    assert "description" not in schemas["BookRequest"]
    assert schemas["Book"]["required"] == ["note", "title"]
    assert schemas["BookPage"]["properties"]["results"]["maxItems"] == 100


def test_everything_that_is_pointed_at_is_there(document: dict[str, Any]) -> None:
    pointed = 0
    todo: list[Any] = [document]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                _, _, kind, name = part["$ref"].split("/")
                assert name in document["components"][kind]
                pointed += 1
            todo += part.values()
        elif isinstance(part, list):
            todo += part
    assert pointed > 20
