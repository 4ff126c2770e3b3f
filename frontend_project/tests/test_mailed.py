"""What a link of a mail opens: its secret is out of the address at once, and nothing happens by looking."""

import pytest


@pytest.mark.parametrize("page", ["verify", "reset"])
def test_the_secret_stays_in_cookies_of_the_page_that_no_script_reads(client, settings, page):
    settings.SESSION_COOKIE_SECURE = True
    moved = client.get(f"/{page}?token=s3cret-of-the-mail", HTTP_ACCEPT_LANGUAGE="vi-VN,en;q=0.5")
    assert (moved.status_code, moved["Location"], moved["Referrer-Policy"]) == (302, f"/vi/{page}/", "no-referrer")
    assert "no-store" in moved["Cache-Control"]
    kept = {cookie["path"]: cookie for cookie in moved.cookies.values()}
    assert kept.keys() == {f"/{language}/{page}/" for language in ("en", "vi", "de", "ja")}
    for cookie in kept.values():
        assert (cookie.value, cookie["httponly"], cookie["samesite"], cookie["secure"]) == (
            "s3cret-of-the-mail",
            True,
            "Lax",
            True,
        )


@pytest.mark.parametrize("page", ["verify", "reset"])
@pytest.mark.parametrize("token", ["", "x" * 500, "a b", "%00", "%0d%0aSet-Cookie:x"])
def test_a_broken_link_shows_a_page_and_asks_nobody(client, page, token):
    moved = client.get(f"/{page}?token={token}")
    assert {cookie.value for cookie in moved.cookies.values()} == {""}
    shown = client.get(moved["Location"])
    assert (shown.status_code, "no-store" in shown["Cache-Control"]) == (200, True)
    assert ("no longer good" if page == "verify" else "may we mail a link") in shown.content.decode()


@pytest.mark.parametrize("page", ["verify", "reset"])
def test_a_link_that_is_looked_at_has_a_button_and_not_its_secret(client, page):
    """No service runs here: a page that asked one would say that it is away."""
    moved = client.get(f"/{page}?token=s3cret")
    for _ in range(2):
        shown = client.get(moved["Location"])
        assert (shown.status_code, "s3cret" in shown.content.decode()) == (200, False)
        assert '<form method="post"' in shown.content.decode()


def test_passwords_that_differ_or_are_too_long_are_refused_before_anybody_is_asked(client):
    client.get("/reset?token=s3cret")
    for password, again, said in (("one-phrase", "another", "passwords differ"), ("x" * 129, "x" * 129, "8 to 128")):
        typed = {"password": password, "again": again, "account": ["mai", "<b>"], "username": "mai"}
        shown = client.post("/en/reset/", typed)
        page = shown.content.decode()
        assert (shown.status_code, said in page, password in page) == (400, True, False)
        assert 'value="mai" required checked' in page
        assert "<b>" not in page.partition("<fieldset>")[2].partition("</fieldset>")[0]
