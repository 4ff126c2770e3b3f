"""Views that show each way a request can end."""

import os
import time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from chassis.ids import uuid7
from chassis.messaging.outbox import emit
from chassis.storage.http import Client
from chassis.storage.redis import redis_client
from chassis.web import idempotency
from chassis.web.pages import CursorPage
from chassis.web.parsing import StrictSerializer
from chassis.web.permissions import May
from chassis.web.problems import Conflict, NotFound, ServiceUnavailable, TooManyRequests
from chassis.web.queries import PageQuery, Query, takes
from chassis.web.views import APIView, created
from things.events import ThingMade
from things.models import Thing


class SizeSerializer(StrictSerializer):
    amount = serializers.IntegerField()


class ThingSerializer(StrictSerializer):
    name = serializers.CharField(max_length=32)
    size = serializers.IntegerField(default=0)
    tags = serializers.ListField(child=serializers.UUIDField(), required=False)
    inner = SizeSerializer(required=False)


class Taken(Conflict):
    code = "taken"


class Things(APIView):
    @takes(PageQuery)
    def get(self, request: Request) -> Response:
        page = CursorPage(ordering="id")
        rows = page.paginate_queryset(Thing.objects.all(), request)
        return page.get_paginated_response([{"id": str(row.id), "name": row.name} for row in rows])

    def post(self, request: Request) -> Response:
        serializer = ThingSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        key = idempotency.key_from(request, required=values["name"] == "careful")
        with transaction.atomic():
            thing_id = uuid7()
            claim = idempotency.claim(key, resource_id=thing_id) if key else None
            if claim and claim.completed:
                return idempotency.replay(claim)
            Thing.objects.create(id=thing_id, name=values["name"], size=values["size"])
            answer = created(request, {"name": values["name"], "id": str(thing_id)}, f"/things/{thing_id}")
            if claim:
                idempotency.complete(claim, status=201, body=answer.data, headers=answer.headers)
        return answer


class OneThing(APIView):
    def get(self, request: Request, thing_id: UUID) -> Response:
        thing = Thing.objects.filter(id=thing_id).first()
        if thing is None:
            raise NotFound
        return Response({"id": str(thing.id), "name": thing.name})


class ForManagers(APIView):
    permission_classes = [May("change_thing")]

    def get(self, request: Request) -> Response:
        return Response({"you": request.user.username})


class Greeting(Query):
    format = serializers.CharField(required=False)


class Public(APIView):
    permission_classes = [AllowAny]

    @takes(Greeting)
    def get(self, request: Request) -> Response:
        return Response({"hello": self.query.get("format", "world")})

    post = get


class Queries(APIView):
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response({"things": Thing.objects.count()})


class Announced(Query):
    name = serializers.CharField(required=False)


class Announcements(APIView):
    """Does what a request can lead to: a statement, a Redis command, a call to another server, an event."""

    permission_classes = [AllowAny]

    @takes(Announced)
    def post(self, request: Request) -> Response:
        name = request.data["name"]
        redis_client().set(f"announced:{name}", name, ex=300)
        pipeline = redis_client().pipeline()
        pipeline.get(f"announced:{name}").expire(f"announced:{name}", 200)
        pipeline.execute()
        Client("other", settings.AUTH_URL).get(f"/told/{name[:3]}?name={name}")
        with transaction.atomic():
            made = Thing.objects.create(id=uuid7(), name=name)
            event_id = emit(ThingMade(thing_id=made.id, name=name, made_at=timezone.now()), subject=made.id)
        return Response({"event": str(event_id)}, status=201)


class Echo(APIView):
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        return Response(request.data)


class Slow(APIView):
    """Answers when Redis says so."""

    permission_classes = [AllowAny]

    def get(self, request: Request, name: str) -> Response:
        redis_client().set(f"slow:{name}", "1", ex=300)
        deadline = time.monotonic() + 15
        while not redis_client().exists(f"go-on:{name}") and time.monotonic() < deadline:
            time.sleep(0.02)
        return Response({"pid": os.getpid()})


class _Idle(Exception):
    sqlstate = "25P03"


def _idle() -> OperationalError:
    error = IntegrityError("terminating connection")
    error.__cause__ = _Idle()
    return error


FAILURES: dict[str, Any] = {
    "taken": lambda: Taken("Seat B7 is taken.", seats=["b7"]),
    "throttled": lambda: TooManyRequests(retry_after=7),
    "drf-throttled": lambda: exceptions.Throttled(wait=3.2),
    "unavailable": lambda: ServiceUnavailable(retry_after=9),
    "http404": lambda: Http404("secret table name"),
    "denied": lambda: PermissionDenied("secret"),
    "suspicious": lambda: SuspiciousOperation("secret"),
    "cut-off": lambda: UnreadablePostError("client went away"),
    "operational": lambda: OperationalError("secret host"),
    "idle": _idle,
    "data": lambda: DataError("value too long"),
    "bug": lambda: RuntimeError("secret"),
}


def fail(what: str) -> None:
    if what == "killed":
        with transaction.atomic():
            Thing.objects.create(name="lost")
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    if what == "killed-at-commit":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            _kill(cursor.fetchone()[0])
    raise FAILURES[what]()


def _kill(backend: int) -> None:
    """Ends this request's connection from another one, between its last statement and its commit."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 1000)", [backend])
    other.close()


class Raises(APIView):
    permission_classes = [AllowAny]

    def get(self, request: Request, what: str) -> Response:
        fail(what)
        raise AssertionError


@csrf_exempt
@require_safe
def plain(request: HttpRequest, what: str) -> HttpResponse:
    if what == "fine":
        return HttpResponse("fine")
    fail(what)
    raise AssertionError
