"""Whatever goes wrong, the answer is problem+json with the right status, and says nothing it should not."""

import json
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
# For tests with several connections, or that look at what was really committed.
committed = pytest.mark.django_db(transaction=True)


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert "ETag" not in response
    body: dict[str, Any] = json.loads(response.content)
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"urn:marquee:problem:{code}"
    assert body["correlation_id"] == response["X-Correlation-ID"]
    assert body["title"]
    assert body["detail"]
    assert b"secret" not in response.content
    assert b"Traceback" not in response.content
    return body


OUTCOMES = [
    ("taken", 409, "taken"),
    ("throttled", 429, "too_many_requests"),
    ("drf-throttled", 429, "throttled"),
    ("unavailable", 503, "service_unavailable"),
    ("http404", 404, "not_found"),
    ("denied", 403, "permission_denied"),
    ("suspicious", 400, "bad_request"),
    ("cut-off", 400, "bad_request"),
    ("operational", 503, "service_unavailable"),
    ("idle", 503, "service_unavailable"),
    ("data", 400, "bad_request"),
    ("bug", 500, "internal_error"),
]


@pytest.mark.parametrize("view", ["raises", "plain"])
@pytest.mark.parametrize(("what", "status", "code"), OUTCOMES)
def test_each_exception_of_a_view_is_its_problem(api: APIClient, view: str, what: str, status: int, code: str) -> None:
    body = assert_problem(api.get(f"/{view}/{what}"), status, code)
    assert body["instance"] == f"/{view}/{what}"


@pytest.mark.parametrize(("what", "seconds"), [("throttled", 7), ("drf-throttled", 5), ("unavailable", 9)])
def test_who_should_come_back_is_told_when(api: APIClient, what: str, seconds: int) -> None:
    assert api.get(f"/raises/{what}")["Retry-After"] == str(seconds)


def test_a_problem_carries_members_of_its_own(api: APIClient) -> None:
    body = assert_problem(api.get("/raises/taken"), 409, "taken")
    assert body["detail"] == "Seat B7 is taken."
    assert body["seats"] == ["b7"]


@pytest.mark.parametrize("view", ["raises", "plain"])
@pytest.mark.parametrize("what", ["killed", "killed-at-commit"])
@committed
def test_a_database_connection_that_breaks_midway_is_503_and_the_next_request_is_fine(
    api: APIClient, view: str, what: str
) -> None:
    response = api.get(f"/{view}/{what}")
    assert_problem(response, 503, "service_unavailable")
    assert int(response["Retry-After"]) > 0
    connection.close_if_unusable_or_obsolete()
    assert api.get("/health/ready").status_code == 200


def test_an_address_that_nothing_answers_is_404(api: APIClient) -> None:
    assert_problem(api.get("/nowhere"), 404, "not_found")
    assert_problem(api.post("/nowhere", {"a": 1}), 404, "not_found")
    assert_problem(api.get("/things/not-a-uuid"), 404, "not_found")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_method_that_a_view_does_not_have_is_405_and_says_which_it_has(sign_in: Any, method: str) -> None:
    response = getattr(sign_in(), method)("/things")
    assert_problem(response, 405, "method_not_allowed")
    assert "POST" in response["Allow"]


@pytest.mark.parametrize("path", ["/plain/fine", "/health", "/health/live", "/health/ready", "/metrics"])
def test_a_plain_view_refuses_other_methods_like_any_other(path: str) -> None:
    client = APIClient(enforce_csrf_checks=True, raise_request_exception=False)
    response = client.post(path)
    assert_problem(response, 405, "method_not_allowed")
    assert "GET" in response["Allow"]


@pytest.mark.parametrize("path", ["/public", "/plain/fine", "/health/live", "/schema/"])
def test_head_answers_like_get_without_a_body(api: APIClient, path: str) -> None:
    response = api.head(path)
    assert response.status_code == 200


def test_head_of_what_is_not_there_is_404(api: APIClient) -> None:
    assert api.head("/nowhere").status_code == 404


def test_a_body_in_another_media_type_is_415(sign_in: Any) -> None:
    client = sign_in()
    for media_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"):
        assert_problem(client.post("/things", b"x=1", content_type=media_type), 415, "unsupported_media_type")


def test_a_client_that_takes_no_json_is_told_so(api: APIClient) -> None:
    assert_problem(api.get("/public", HTTP_ACCEPT="application/xml"), 406, "not_acceptable")


def test_a_query_parameter_named_format_is_the_views_own(api: APIClient) -> None:
    assert api.get("/public?format=imax").json() == {"hello": "imax"}


def test_the_schema_comes_as_json_or_yaml(api: APIClient) -> None:
    assert api.get("/schema/?format=json").json()["openapi"].startswith("3.1")
    assert api.get("/schema/", HTTP_ACCEPT="application/json").json()["paths"]
    assert api.get("/schema/").content.startswith(b"openapi: 3.1")
    assert api.get("/docs/")["Content-Type"].startswith("text/html")


def test_an_unknown_host_is_400(api: APIClient, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["marquee.example"]
    for host in ("evil.example", "a b", "", "[::1"):
        assert_problem(api.get("/public", HTTP_HOST=host), 400, "bad_request")
    assert api.get("/public", HTTP_HOST="marquee.example:8080").status_code == 200


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics"])
def test_probes_may_call_a_pod_by_its_address(api: APIClient, settings: Any, path: str) -> None:
    settings.ALLOWED_HOSTS = ["marquee.example"]
    assert api.get(path, HTTP_HOST="10.1.2.3:8003").status_code == 200


@pytest.mark.parametrize(
    "address", ["/public?format=%00", "/public%00", "/things/%00", "/public?a=1&b%00=2", "/admin/chassis/?q=%00"]
)
def test_nul_in_an_address_is_400(api: APIClient, address: str) -> None:
    assert_problem(api.get(address), 400, "bad_request")


@pytest.mark.parametrize("address", ["/public?format=%ff%fe", "/public?format=%ed%a0%80", "/public?&format=a&"])
def test_a_query_that_is_not_utf8_is_taken_as_well_as_it_can_be(api: APIClient, address: str) -> None:
    assert api.get(address).status_code == 200


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/public?colour=red", "colour"),
        ("/public?%ff", "\ufffd"),
        ("/public?&&=&", ""),
        ("/public?format=a&format=b", "format"),
        ("/raises/bug?page_size=1", "page_size"),
    ],
)
def test_a_query_parameter_that_a_view_does_not_take_is_400(api: APIClient, address: str, name: str) -> None:
    body = assert_problem(api.get(address), 400, "bad_parameter")
    assert [error["parameter"] for error in body["errors"]] == [name]


def test_a_problem_is_told_by_the_address_that_the_client_has(api: APIClient) -> None:
    for path, status, code in (("/nowhere", 404, "not_found"), ("/raises/taken", 409, "taken")):
        body = assert_problem(api.get(path, HTTP_X_FORWARDED_PREFIX="/api"), status, code)
        assert body["instance"] == f"/api{path}"


def test_more_query_parameters_than_anyone_sends_are_400(api: APIClient) -> None:
    assert_problem(api.get("/public?" + "&".join(f"a{n}=1" for n in range(1500))), 400, "bad_request")


@pytest.mark.parametrize("address", ["/%ff", "/things/%ff%fe", "/%ed%a0%80", "/%e2%80%ae"])
def test_a_path_that_is_not_utf8_is_404(api: APIClient, address: str) -> None:
    assert_problem(api.get(address), 404, "not_found")


def test_more_wrong_fields_than_anyone_reads_are_not_all_listed(sign_in: Any) -> None:
    response = sign_in().post("/things", {f"x{n}": 1 for n in range(900)})
    assert 0 < len(assert_problem(response, 400, "invalid")["errors"]) <= 50


def test_a_broken_session_store_in_the_admin_is_503(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.sessions.backends.cached_db import SessionStore
    from django.db import OperationalError

    def broken(*_: Any, **__: Any) -> None:
        raise OperationalError("secret")

    monkeypatch.setattr(SessionStore, "load", broken)
    api.cookies["chassis_session"] = "x" * 32
    assert_problem(api.get("/admin/chassis/"), 503, "service_unavailable")


def test_the_admin_speaks_html_to_people(api: APIClient) -> None:
    login = api.get("/admin/chassis/login/")
    assert login.status_code == 200
    assert login["Content-Type"].startswith("text/html")
    strict = APIClient(enforce_csrf_checks=True)
    refused = strict.post("/admin/chassis/login/", {"username": "a"}, format="multipart")
    assert refused.status_code == 403
    assert refused["Content-Type"].startswith("text/html")


def test_the_admin_says_in_html_that_a_page_is_not_there(admin_client: Any) -> None:
    response = admin_client.get("/admin/chassis/nowhere/")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_a_successful_read_has_an_etag_and_is_not_sent_twice(api: APIClient) -> None:
    first = api.get("/public")
    assert first["ETag"]
    again = api.get("/public", HTTP_IF_NONE_MATCH=first["ETag"])
    assert again.status_code == 304
    assert not again.content


def test_an_error_is_never_304(api: APIClient) -> None:
    assert_problem(api.get("/raises/taken", HTTP_IF_NONE_MATCH="*"), 409, "taken")
