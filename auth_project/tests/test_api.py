import jwt
import pytest
from django.conf import settings
from django.db.models import F
from django.utils import timezone
from factories import PASSWORD, UserFactory, mailed_token

from accounts.domain import REFRESH_GRACE, EndReason
from accounts.models import Session

REGISTRATION = {
    "username": "mai.tran",
    "email": "mai.tran@example.com",
    "password": PASSWORD,
    "full_name": "Mai Tran",
    "phone": "+84 90 123 4567",
}


def assert_problem(answer, status, code, *pointers):
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert sorted({error["pointer"] for error in problem.get("errors", [])}) == sorted(pointers)


def token_of(emitted, event_type):
    return mailed_token(emitted(event_type)[-1])


class TestRegister:
    def test_the_answer_is_the_account_without_its_password(self, api):
        answer = api.post("/register", REGISTRATION)
        assert answer.status_code == 201
        account = answer.json()
        assert account.keys() == {
            "id",
            "username",
            "email",
            "email_verified",
            "full_name",
            "phone",
            "language",
            "time_zone",
            "roles",
            "guest",
            "created_at",
        }
        assert (account["username"], account["email"]) == ("mai.tran", "mai.tran@example.com")
        assert (account["phone"], account["roles"], account["email_verified"]) == ("+84901234567", ["customer"], False)

    def test_name_and_number_may_be_left_out(self, api):
        answer = api.post("/register", {name: REGISTRATION[name] for name in ("username", "email", "password")})
        assert (answer.status_code, answer.json()["full_name"], answer.json()["phone"]) == (201, "", "")

    def test_a_second_account_of_the_same_user_name_is_409_and_says_so(self, api):
        api.post("/register", REGISTRATION)
        again = {**REGISTRATION, "username": "Mai.Tran"}
        assert_problem(api.post("/register", again), 409, "account_exists", "/username")

    def test_nothing_says_whether_an_address_has_an_account(self, api, emitted):
        UserFactory(email="known@example.com", email_verified_at=timezone.now())
        seen = []
        for number, email in enumerate(("known@example.com", "free@example.com")):
            account = {**REGISTRATION, "username": f"asking{number}", "email": email}
            opened = api.post("/register", account)
            entered = api.post("/token", {"username": account["username"], "password": PASSWORD})
            by_address = api.post("/token", {"email": email, "password": PASSWORD})
            api.credentials(HTTP_AUTHORIZATION=f"Bearer {entered.json()['access_token']}")
            asked = api.post("/email/verify/request")
            me = api.get("/users/me")
            moved = api.patch("/users/me", {"email": f"x{email}", "current_password": PASSWORD})
            back = api.patch("/users/me", {"email": email, "current_password": PASSWORD})
            api.credentials()
            answers = (opened, entered, by_address, asked, me, moved, back)
            told = {
                name: value
                for name, value in me.json().items()
                if name not in ("id", "username", "email", "created_at")
            }
            seen.append(([answer.status_code for answer in answers], opened.json().keys(), told))
        assert seen[0] == seen[1]
        assert seen[0][0] == [201, 200, 200, 202, 200, 200, 200]
        assert {event.data["email"] for event in emitted("email.claimed")} == {"known@example.com"}

    @pytest.mark.parametrize("name", ["You won: http://evil.example", "evil.example/claim", "Mai\nTran"])
    def test_a_name_carries_no_link_and_no_second_line(self, api, name):
        assert_problem(api.post("/register", {**REGISTRATION, "full_name": name}), 400, "invalid", "/full_name")

    def test_the_language_is_the_accounts_own_else_the_requests(self, api):
        def language(number, accepted, **said):
            account = {**REGISTRATION, **said, "username": f"mai{number}", "email": f"mai{number}@example.com"}
            return api.post("/register", account, HTTP_ACCEPT_LANGUAGE=accepted).json()["language"]

        assert language(1, "en-gb;q=0.7, vi-VN, *;q=0.1", time_zone="Europe/Berlin") == "vi-VN"
        assert language(2, "vi", language="EN") == "en"
        assert language(3, "*") == ""
        assert language(4, "\x00,;q=x") == ""

    def test_a_weak_password_is_refused_with_the_reasons(self, api):
        answer = api.post("/register", {**REGISTRATION, "password": "1234567"})
        assert_problem(answer, 400, "weak_password", "/password")
        assert len(answer.json()["errors"]) == 3

    def test_reasons_against_a_password_are_in_the_callers_language(self, api, user, emitted):
        api.post("/password/reset", {"email": user.email})
        body = {"token": token_of(emitted, "password.reset_requested"), "new_password": "12345678"}
        for language, said in (("vi-VN,en;q=0.5", "Mật khẩu"), ("xx", "This password"), ("", "This password")):
            answer = api.post("/password/reset/confirm", body, HTTP_ACCEPT_LANGUAGE=language)
            assert_problem(answer, 400, "weak_password", "/new_password")
            assert all(error["detail"].startswith(said) for error in answer.json()["errors"]), answer.json()

    def test_nobody_registers_as_staff(self, api):
        assert_problem(api.post("/register", {**REGISTRATION, "roles": ["admin"]}), 400, "invalid", "/roles")


class TestToken:
    @pytest.mark.parametrize("field", ["username", "email"])
    def test_it_is_given_for_the_name_or_the_address(self, api, user, field):
        answer = api.post("/token", {field: getattr(user, field), "password": PASSWORD})
        assert answer.status_code == 200
        assert answer.json().keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
        assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 900)
        assert answer["Cache-Control"] == "no-store"

    def test_an_address_is_taken_in_place_of_the_name(self, api, user):
        assert api.post("/token", {"username": user.email, "password": PASSWORD}).status_code == 200

    def test_the_claims_are_what_the_other_services_read(self, api, user):
        token = api.post("/token", {"username": user.username, "password": PASSWORD}).json()["access_token"]
        key = jwt.PyJWK(api.get("/.well-known/jwks.json").json()["keys"][0])
        assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "kid": key.key_id, "typ": "JWT"}
        claims = jwt.decode(token, key, algorithms=["EdDSA"], issuer="marquee")
        assert claims["user_id"] == str(user.id)
        assert (claims["username"], claims["roles"], claims["token_type"]) == (user.username, ["customer"], "access")
        assert claims["exp"] - int(claims["iat"]) == 900
        assert claims["jti"]

    @pytest.mark.parametrize(
        "body", [{"username": "nobody", "password": PASSWORD}, {"email": "nobody@example.com", "password": "x"}]
    )
    def test_wrong_credentials_are_401(self, api, user, body):
        assert_problem(api.post("/token", body), 401, "invalid_credentials")
        assert_problem(api.post("/token", {"username": user.username, "password": "x"}), 401, "invalid_credentials")

    def test_too_many_attempts_are_429_and_say_for_how_long(self, api, user, settings):
        settings.SIGN_IN_ATTEMPTS = 4
        home, elsewhere = {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, {"HTTP_X_FORWARDED_FOR": "198.51.100.1"}
        right = {"username": user.username, "password": PASSWORD}
        assert api.post("/token", right, **home).status_code == 200
        for field in ("username", "email") * 2:
            wrong = {field: getattr(user, field), "password": "wrong"}
            assert api.post("/token", wrong, **elsewhere).status_code == 401
        for body in (right, {"email": user.email, "password": PASSWORD}):
            answer = api.post("/token", body, **elsewhere)
            assert_problem(answer, 429, "sign_in_throttled")
            seconds = int(answer["Retry-After"])
            assert 0 < seconds <= settings.SIGN_IN_FIRST_WAIT_SECONDS
            assert f"{seconds} seconds" in answer.json()["detail"]
        assert api.post("/token", right, **home).status_code == 200
        colleague = {"username": UserFactory().username, "password": PASSWORD}
        assert api.post("/token", colleague, **elsewhere).status_code == 200

    def test_the_session_keeps_where_it_came_from(self, api, user):
        api.post(
            "/token",
            {"username": user.username, "password": PASSWORD},
            HTTP_X_FORWARDED_FOR="2001:db8::7",
            HTTP_USER_AGENT="Browser/" + "1" * 300,
        )
        session = Session.objects.get()
        assert (session.address, len(session.user_agent)) == ("2001:db8::7", 200)


class TestRefreshAndLogout:
    def test_a_refresh_gives_a_new_pair_and_spends_the_old(self, api, user, tokens_of):
        old = tokens_of(user).refresh_token
        answer = api.post("/token/refresh", {"refresh_token": old})
        assert answer.status_code == 200
        new = answer.json()["refresh_token"]
        assert new != old
        assert api.post("/token/refresh", {"refresh_token": old}).json() == answer.json()
        Session.objects.update(refreshed_at=F("refreshed_at") - REFRESH_GRACE)
        assert_problem(api.post("/token/refresh", {"refresh_token": old}), 401, "invalid_refresh_token")
        # The old one came back: now the new one is good no more either.
        assert_problem(api.post("/token/refresh", {"refresh_token": new}), 401, "invalid_refresh_token")

    @pytest.mark.parametrize("forged", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "", None, "W" * 4000])
    def test_what_is_no_token_of_ours_is_refused(self, api, forged):
        answer = api.post("/token/refresh", {"refresh_token": forged})
        assert answer.status_code in (400, 401)
        assert answer["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize(
        ("algorithm", "key", "headers"),
        [
            ("none", None, {}),
            ("HS256", settings.TOKEN_KEYS.public_pem.split("\n")[1], {"kid": settings.TOKEN_KEYS.kid}),
            ("HS256", "k" * 32, {"kid": "unknown"}),
            ("HS256", "k" * 32, {}),
        ],
    )
    def test_a_forged_token_is_refused(self, api, user, tokens_of, algorithm, key, headers):
        claims = jwt.decode(tokens_of(user).refresh_token, options={"verify_signature": False})
        forged = jwt.encode(claims, key, algorithm=algorithm, headers=headers)
        assert_problem(api.post("/token/refresh", {"refresh_token": forged}), 401, "invalid_refresh_token")
        assert Session.objects.get().ended_at is None

    def test_after_logout_neither_token_is_good(self, api, user, client_of):
        client = client_of(user)
        assert client.get("/users/me").status_code == 200
        assert client.post("/logout").status_code == 204
        assert_problem(client.get("/users/me"), 401, "not_authenticated")
        refresh = {"refresh_token": client.tokens.refresh_token}
        assert_problem(api.post("/token/refresh", refresh), 401, "invalid_refresh_token")
        assert Session.objects.get().end_reason == EndReason.SIGNED_OUT

    def test_logout_leaves_the_other_devices_alone(self, user, client_of):
        telephone, laptop = client_of(user), client_of(user)
        telephone.post("/logout", {"refresh_token": telephone.tokens.refresh_token})
        assert laptop.get("/users/me").status_code == 200

    def test_a_refresh_token_alone_is_enough_to_log_out(self, api, user, client_of):
        client = client_of(user)
        assert api.post("/logout", {"refresh_token": client.tokens.refresh_token}).status_code == 204
        assert_problem(client.get("/users/me"), 401, "not_authenticated")

    def test_logout_of_nobody_is_401(self, api):
        assert_problem(api.post("/logout"), 401, "not_authenticated")


class TestMe:
    def test_it_shows_the_account(self, user, client_of):
        answer = client_of(user).get("/users/me")
        assert (answer.status_code, answer.json()["id"]) == (200, str(user.id))

    def test_it_carries_an_etag_and_honours_it(self, user, client_of):
        client = client_of(user)
        tag = client.get("/users/me")["ETag"]
        assert client.get("/users/me", HTTP_IF_NONE_MATCH=tag).status_code == 304
        client.patch("/users/me", {"full_name": "Another"})
        assert client.get("/users/me", HTTP_IF_NONE_MATCH=tag).status_code == 200

    def test_name_and_number_can_be_changed(self, user, client_of):
        answer = client_of(user).patch("/users/me", {"full_name": "Mai Thi", "phone": ""})
        assert (answer.status_code, answer.json()["full_name"], answer.json()["phone"]) == (200, "Mai Thi", "")

    def test_a_new_address_needs_the_password(self, user, client_of):
        client, change = client_of(user), {"email": "new@example.com"}
        assert_problem(client.patch("/users/me", change), 400, "wrong_password", "/current_password")
        answer = client.patch("/users/me", {**change, "current_password": PASSWORD})
        assert (answer.status_code, answer.json()["email"]) == (200, "new@example.com")

    def test_language_and_time_zone_can_be_changed(self, user, client_of):
        client = client_of(user)
        answer = client.patch("/users/me", {"language": "VI", "time_zone": "Asia/Ho_Chi_Minh"})
        assert (answer.json()["language"], answer.json()["time_zone"]) == ("vi", "Asia/Ho_Chi_Minh")
        wrong = {"language": "Vietnamese", "time_zone": "Hanoi"}
        assert_problem(client.patch("/users/me", wrong), 400, "invalid", "/language", "/time_zone")

    @pytest.mark.parametrize("field", ["username", "roles", "id", "is_active", "password", "email_verified"])
    def test_other_fields_are_refused(self, user, client_of, field):
        assert_problem(client_of(user).patch("/users/me", {field: "x"}), 400, "invalid", f"/{field}")

    def test_a_deactivated_account_is_signed_out(self, user, client_of):
        client = client_of(user)
        type(user).objects.update(is_active=False)
        assert_problem(client.get("/users/me"), 401, "not_authenticated")


class TestPassword:
    def test_a_change_signs_out_everywhere(self, api, user, client_of):
        client, other = client_of(user), client_of(user)
        body = {"current_password": PASSWORD, "new_password": "an0ther-horse"}
        assert client.post("/password/change", body).status_code == 204
        for device in (client, other):
            assert_problem(device.get("/users/me"), 401, "not_authenticated")
        assert api.post("/token", {"username": user.username, "password": "an0ther-horse"}).status_code == 200
        assert api.post("/token", {"username": user.username, "password": PASSWORD}).status_code == 401

    def test_the_current_one_must_be_right_and_the_new_one_good(self, user, client_of):
        client = client_of(user)
        wrong = {"current_password": "wrong", "new_password": "an0ther-horse"}
        assert_problem(client.post("/password/change", wrong), 400, "wrong_password", "/current_password")
        weak = {"current_password": PASSWORD, "new_password": "password"}
        assert_problem(client.post("/password/change", weak), 400, "weak_password", "/new_password")

    def test_a_reset_says_nothing_about_who_has_an_account(self, api, user, emitted):
        answers = [api.post("/password/reset", {"email": email}) for email in (user.email, "nobody@example.com")]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].content == answers[1].content
        assert len(emitted("password.reset_requested")) == 1

    def test_a_reset_is_confirmed_once(self, api, user, emitted):
        api.post("/password/reset", {"email": user.email})
        body = {"token": token_of(emitted, "password.reset_requested"), "new_password": "an0ther-horse"}
        assert api.post("/password/reset/confirm", body).status_code == 204
        assert_problem(api.post("/password/reset/confirm", body), 400, "invalid_token")
        assert api.post("/token", {"email": user.email, "password": "an0ther-horse"}).status_code == 200


def test_an_address_is_verified_by_what_was_mailed_to_it(api, client_of, emitted):
    api.post("/register", REGISTRATION)
    token = token_of(emitted, "email.verification_requested")
    answer = api.post("/email/verify", {"token": token})
    assert (answer.status_code, answer.json()["email_verified"]) == (200, True)
    assert_problem(api.post("/email/verify", {"token": token}), 400, "invalid_token")


def test_a_lost_verification_is_mailed_again(user, client_of, emitted):
    assert client_of(user).post("/email/verify/request").status_code == 202
    assert len(emitted("email.verification_requested")) == 1


def test_the_keys_can_be_cached_and_are_public(api):
    answer = api.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "public, max-age=300"
    assert api.get("/.well-known/jwks.json", HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304
    (key,) = answer.json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}


def test_a_token_of_the_previous_key_is_good_until_it_expires(api, user, tokens_of, settings):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from chassis.signing import SigningKeys

    pair = tokens_of(user)
    previous = settings.TOKEN_KEYS.public_pem
    new = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    settings.TOKEN_KEYS = SigningKeys.from_pem(new, previous, named=("new", "previous"))
    assert previous != settings.TOKEN_KEYS.public_pem
    assert api.post("/token/refresh", {"refresh_token": pair.refresh_token}).status_code == 200


def test_sensitive_operations_are_logged_without_secrets(api, user, caplog):
    caplog.set_level("INFO", logger="audit")
    api.post("/register", REGISTRATION)
    api.post("/token", {"username": user.username, "password": "not-the-password"})
    tokens = api.post("/token", {"username": user.username, "password": PASSWORD}).json()
    api.post("/token/refresh", {"refresh_token": tokens["refresh_token"]})
    api.post("/logout", {"refresh_token": tokens["refresh_token"]})
    api.post("/password/reset", {"email": user.email})
    lines = [vars(record) for record in caplog.records if record.name == "audit"]
    assert [line["message"] for line in lines] == [
        "registered",
        "sign_in_refused",
        "signed_in",
        "signed_out",
        "password_reset_requested",
    ]
    for secret in (PASSWORD, "not-the-password", tokens["access_token"], tokens["refresh_token"], user.email):
        assert secret not in str(lines)


def test_the_api_is_described_without_warnings(api, capsys):
    from django.core.management import call_command

    call_command("spectacular", "--validate", "--fail-on-warn")
    described = capsys.readouterr().out
    for path in ("/register", "/token/refresh", "/users/me", "/password/reset/confirm", "/.well-known/jwks.json"):
        assert f"{path}:" in described
