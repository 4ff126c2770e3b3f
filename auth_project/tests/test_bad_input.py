"""Whatever is sent: problem+json with a 4xx, and nothing kept."""

import json
from itertools import product

import pytest
from factories import PASSWORD

from accounts.models import OneTimeToken, Session, User

BODIES = {
    "/register": {
        "username": "mai",
        "email": "mai@example.com",
        "password": PASSWORD,
        "full_name": "x",
        "phone": "",
        "language": "vi",
        "time_zone": "Asia/Ho_Chi_Minh",
    },
    "/token": {"username": "mai", "password": PASSWORD},
    "/token/refresh": {"refresh_token": "x"},
    "/logout": {"refresh_token": "x"},
    "/password/change": {"current_password": PASSWORD, "new_password": "an0ther-horse"},
    "/password/reset": {"email": "mai@example.com"},
    "/password/reset/confirm": {"token": "x", "new_password": "an0ther-horse"},
    "/email/verify": {"token": "x"},
}
FIELDS = [(path, field) for path, body in BODIES.items() for field in body]
OPTIONAL = [
    ("/register", "full_name"),
    ("/register", "phone"),
    ("/register", "language"),
    ("/register", "time_zone"),
    ("/logout", "refresh_token"),
]
MALFORMED = [
    b"{",
    b"",
    b"[]",
    b'"text"',
    b"null",
    b"7",
    b'{"a": NaN}',
    b"\xff\xfe",
    b"{'a': 1}",
    b"[" * 5000,
    b'{"a":1}x',
]
MEDIA_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "a"]
WRONG = {
    "null": None,
    "number": 12345678,
    "boolean": True,
    "list": ["mai"],
    "object": {"a": "b"},
    "NUL": "mai\0tran",
    "lone surrogate": "mai\ud800",
    "huge": "x" * 100_000,
}


@pytest.fixture
def client(user, client_of):
    return client_of(user)


def assert_refused(answer, *statuses):
    assert answer.status_code in statuses, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["X-Correlation-ID"] == answer.json()["correlation_id"]


@pytest.mark.parametrize(("path", "field", "wrong"), [(*named, wrong) for named, wrong in product(FIELDS, WRONG)])
def test_a_field_of_the_wrong_kind_is_400(client, path, field, wrong):
    before = (User.objects.count(), Session.objects.count(), OneTimeToken.objects.count())
    body = json.dumps({**BODIES[path], field: WRONG[wrong]})
    answer = client.generic("POST", path, body, content_type="application/json")
    assert_refused(answer, 400)
    if wrong not in ("NUL", "lone surrogate"):
        assert {error["pointer"] for error in answer.json()["errors"]} == {f"/{field}"}
    assert (User.objects.count(), Session.objects.count(), OneTimeToken.objects.count()) == before


@pytest.mark.parametrize(("path", "field"), [named for named in FIELDS if named not in OPTIONAL])
def test_a_missing_field_is_named(client, path, field):
    body = {name: value for name, value in BODIES[path].items() if name != field}
    answer = client.post(path, body)
    assert_refused(answer, 400)
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("path", BODIES)
def test_an_unknown_field_is_named(client, path):
    answer = client.post(path, {**BODIES[path], "admin": True})
    assert_refused(answer, 400)
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/admin"}


@pytest.mark.parametrize(
    ("path", "body"),
    # An empty body is no body: nothing is missing from a logout without one.
    [(path, body) for path, body in product(BODIES, MALFORMED) if (path, body) != ("/logout", b"")],
)
def test_malformed_json_is_400(client, path, body):
    assert_refused(client.generic("POST", path, body, content_type="application/json"), 400)


@pytest.mark.parametrize(("path", "media_type"), list(product(BODIES, MEDIA_TYPES)))
def test_another_media_type_is_415(client, path, media_type):
    assert_refused(client.generic("POST", path, b"username=mai&password=x", content_type=media_type), 415)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *product(["GET", "PUT", "PATCH", "DELETE"], BODIES),
        *product(["POST", "PUT", "DELETE"], ["/users/me"]),
        *product(["POST", "PUT", "PATCH", "DELETE"], ["/.well-known/jwks.json"]),
    ],
)
def test_a_wrong_method_is_405(client, method, path):
    assert_refused(client.generic(method, path, b"{}", content_type="application/json"), 405)


@pytest.mark.parametrize("path", ["/", "/nothing", "/users/other", "/token/", "/users/me%00", "/register/../x", "/%ff"])
def test_an_unknown_address_is_404(client, path):
    assert_refused(client.get(path), 404, 400)


@pytest.mark.parametrize(
    "username",
    ["ab", "mai@example.com", "mai tran", ".mai", "-mai", "mai/tran", "maï", "mai\ntran", "x" * 65, "", "   "],
)
def test_an_odd_user_name_is_refused(client, username):
    answer = client.post("/register", {**BODIES["/register"], "username": username})
    assert_refused(answer, 400)
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/username"}


@pytest.mark.parametrize(
    "email", ["", "mai", "mai@", "@example.com", "a b@example.com", "mai@example", "x" * 250 + "@e.io"]
)
def test_what_is_no_address_is_refused(client, email):
    for path in ("/register", "/password/reset"):
        answer = client.post(path, {**BODIES[path], "email": email})
        assert_refused(answer, 400)
        assert {error["pointer"] for error in answer.json()["errors"]} == {"/email"}


def test_a_sign_in_needs_a_name_or_an_address_and_not_both(client):
    for body in ({"password": "x"}, {"username": "a", "email": "a@b.example", "password": "x"}):
        answer = client.post("/token", body)
        assert_refused(answer, 400)
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/username"]


def test_a_body_of_two_megabytes_is_413(client):
    body = json.dumps({**BODIES["/register"], "full_name": "x" * 2_000_000})
    assert_refused(client.generic("POST", "/register", body, content_type="application/json"), 413, 400)


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer \xff", "Basic bWFpOng=", "bearer " + "x" * 5000]
)
def test_a_bad_token_is_401(api, header):
    assert_refused(api.get("/users/me", HTTP_AUTHORIZATION=header), 401)


@pytest.mark.parametrize("forwarded", ["garbage", "1.2.3.4, evil", "", "999.1.1.1", "::1%eth0"])
def test_a_strange_forwarded_address_does_no_harm(api, user, forwarded):
    body = {"username": user.username, "password": PASSWORD}
    assert api.post("/token", body, HTTP_X_FORWARDED_FOR=forwarded).status_code == 200
