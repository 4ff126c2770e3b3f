"""An account in the shop: what mailed links open, what is known of somebody, and what nobody else gets at."""

import os
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from browsing import Browser, Page
from waiting import wait_for
from world import Market, Person, World, book, settled

PASSWORD = "a-long-phrase-42"
# As many as auth takes of an account before the next one waits.
ATTEMPTS = 10
# Each is another chance for two requests to meet.
ROUNDS = 5
SESSION = "frontend_session"
# How every JSON Web Token begins.
TOKEN = "eyJ"
PAGES = ("", "cinemas/", "bookings/", "account/", "account/email/", "account/password/", "account/messages/", "me/")


class Customer(Browser):
    """Who has just opened an account in the shop, and is signed in there."""

    def __init__(self, world: World, *, email: str = "") -> None:
        super().__init__(world)
        self.name = f"shop-{secrets.token_hex(6)}"
        self.email = email or f"{self.name}@customers.example"
        form = self.get("/en/register/")
        opened = self.submit(form, username=self.name, email=self.email, password=PASSWORD)
        assert (opened.path, opened.status) == ("/en/bookings/", 200), opened.text


@pytest.fixture(scope="module")
def somebody(world: World) -> Customer:
    """For tests that leave their account as it is."""
    return Customer(world)


@pytest.fixture
def nobody(world: World) -> Browser:
    return Browser(world)


def link_to(world: World, email: str, page: str) -> str:
    """The newest link of that page that was mailed there; a path."""
    mark = f"/{page}?token="

    def newest() -> str:
        mails = [mail["text"] for mail in world.mails(email) if mark in mail["text"]]
        return mark + mails[-1].split(mark)[1].split()[0] if mails else ""

    return wait_for(newest, what=f"mail with a link to {page}")


def test_what_is_known_of_somebody_is_changed_and_what_was_typed_stays(world: World) -> None:
    customer = Customer(world)
    page = customer.get("/en/account/")
    wrong = customer.submit(page, full_name="Ada Lovelace", phone="12", language="en", time_zone="Asia/Tokyo")
    assert (wrong.status, 'role="alert"' in wrong.text) == (400, True)
    assert "A telephone number begins with +" in wrong.text
    assert 'value="Ada Lovelace"' in wrong.text
    typed = {"full_name": "Ada <b>Lovelace", "phone": "+84901234567", "language": "vi", "time_zone": "Asia/Tokyo"}
    assert customer.submit(page, **typed).status == 400
    saved = customer.submit(page, **{**typed, "full_name": "Ada Lovelace"})
    assert (saved.path, saved.status) == ("/vi/account/", 200)
    person = world.sign_in(username=customer.name, email=customer.email, password=PASSWORD)
    known = person.get("/api/auth/users/me").ok()
    assert [known[name] for name in ("full_name", "phone", "language", "time_zone")] == [
        "Ada Lovelace",
        "+84901234567",
        "vi",
        "Asia/Tokyo",
    ]


def test_a_new_address_takes_the_password_and_is_confirmed_by_its_link(world: World, nobody: Browser) -> None:
    customer = Customer(world)
    assert "is not confirmed yet" in customer.get("/en/bookings/").text
    email = f"new-{customer.email}"
    page = customer.get("/en/account/email/")
    wrong = customer.submit(page, email=email, current_password="a-wrong-phrase-42")
    assert (wrong.status, "This is not the current password." in wrong.text) == (400, True)
    assert customer.submit(page, email=email, current_password=PASSWORD).path == "/en/account/"
    first = link_to(world, email, "verify")
    asked = customer.submit(customer.get("/en/account/"), "/en/account/email/confirm/")
    assert "Only the newest link is good" in asked.text
    link = wait_for(lambda: (found := link_to(world, email, "verify")) != first and found, what="another link")

    opened = nobody.get(str(link))
    assert (opened.path, opened.status, str(link).partition("=")[2] in opened.text) == ("/en/verify/", 200, False)
    assert "is not confirmed yet" in customer.get("/en/bookings/").text
    done = nobody.submit(opened)
    assert (done.status, "Your address is confirmed" in done.text) == (200, True)
    assert "is not confirmed yet" not in customer.get("/en/bookings/").text
    again = nobody.submit(nobody.get(str(link)))
    assert (again.status, "no longer good" in again.text) == (400, True)


def test_a_new_password_signs_out_everywhere_else(world: World, nobody: Browser) -> None:
    customer = Customer(world)
    assert nobody.sign_in(customer.name, PASSWORD).path == "/en/bookings/"
    page = customer.get("/en/account/password/")
    new = "another-phrase-42"
    for current, weak, again, said in (
        ("a-wrong-phrase-42", new, new, "This is not the current password."),
        (PASSWORD, new, "a-third-phrase-42", "The two passwords differ."),
        (PASSWORD, "password", "password", "too common"),
    ):
        refused = customer.submit(page, current_password=current, new_password=weak, again=again)
        assert (refused.status, said in refused.text) == (400, True), refused.text
    before = customer.cookie(SESSION)
    changed = customer.submit(page, current_password=PASSWORD, new_password=new, again=new)
    assert (changed.path, "Your new password is set" in changed.text) == ("/en/account/", True)
    assert customer.cookie(SESSION) != before
    elsewhere = nobody.get("/en/account/")
    assert (elsewhere.path, "You were signed out" in elsewhere.text) == ("/en/sign-in/", True)
    everywhere = nobody.sign_in(customer.name, new)
    assert everywhere.path == "/en/account/" or everywhere.path == "/en/bookings/"
    nobody.submit(nobody.get("/en/account/"), "/en/sign-out/", everywhere="1")
    assert customer.get("/en/account/").path == "/en/sign-in/"


def test_of_several_accounts_of_an_address_its_reader_says_which_gets_the_password(world: World) -> None:
    first = Customer(world)
    second = Customer(world, email=first.email)
    reader = Browser(world)
    asked = reader.submit(reader.get("/reset"), email=first.email)
    assert (asked.status, "Look into your mailbox" in asked.text) == (202, True)
    page = reader.get(link_to(world, first.email, "reset"))
    new = "another-phrase-42"
    which = reader.submit(page, password=new, again=new)
    assert which.status == 409
    assert all(f'value="{customer.name}"' in which.text for customer in (first, second))
    weak = reader.submit(which, password="12345678", again="12345678", username=first.name)
    assert (weak.status, f'value="{first.name}" required checked' in weak.text) == (400, True)
    assert "entirely numeric" in weak.text
    done = reader.submit(weak, password=new, again=new, username=first.name)
    assert (done.status, "Your new password is set" in done.text) == (200, True)
    assert Browser(world).sign_in(first.name, new).path == "/en/bookings/"
    assert Browser(world).sign_in(second.name, PASSWORD).path == "/en/bookings/"


def test_a_card_is_saved_by_the_card_companys_page_and_removed(world: World, somebody: Customer) -> None:
    there = somebody.get("/en/account/cards/enter/")
    assert there.path == "/simulated-card"
    entered = somebody.submit(there, "/card-entered")
    assert (entered.path, "••••" in entered.text) == ("/en/account/cards/save/", True)
    saved = somebody.submit(entered)
    (remove,) = re.findall(r'action="(/en/account/cards/[^/]+/remove/)"', saved.text)
    stranger = Customer(world)
    refused = stranger.post(remove, stranger.get("/en/account/").form("/en/sign-out/").fields)
    assert (refused.status, "There is nothing at this address" in refused.text) == (404, True)
    assert "No card is saved." not in somebody.get("/en/account/").text
    assert "No card is saved." in somebody.submit(saved, remove).text


def test_a_card_that_pays_is_saved_where_that_is_wanted(world: World, market: Market) -> None:
    customer = Customer(world)
    person = world.sign_in(username=customer.name, email=customer.email, password=PASSWORD)
    booked = book(person, market.seats(1))
    there = customer.get(f"/en/bookings/{booked['id']}/card/")
    checkout = customer.submit(there, "/card-entered")
    assert customer.submit(checkout, save="on").path == f"/en/bookings/{booked['id']}/"
    settled(person, booked, "CONFIRMED", "captured")
    assert "Remove the card that ends in" in customer.get("/en/account/").text


def test_a_guest_hears_how_to_make_an_account_of_it(world: World, market: Market, nobody: Browser) -> None:
    choice = market.seats()
    email = f"guest-{secrets.token_hex(6)}@customers.example"
    form = nobody.get(f"/en/showtimes/{choice.showtime}/")
    who = nobody.submit(form, seat=choice.seats)
    before = nobody.cookie(SESSION)
    assert nobody.submit(who, email=email).path.endswith("/pay/")
    assert nobody.cookie(SESSION) != before
    page = nobody.get("/en/account/")
    assert ("You bought as a guest" in page.text, "Change the password" in page.text) == (True, False)
    nobody.submit(page, "/en/reset/")
    reader = Browser(world)
    set_ = reader.submit(reader.get(link_to(world, email, "reset")), password=PASSWORD, again=PASSWORD)
    assert (set_.status, "Your new password is set" in set_.text) == (200, True)
    assert reader.sign_in(email, PASSWORD).path == "/en/bookings/"
    assert "You bought as a guest" not in reader.get("/en/account/").text


@pytest.fixture
def of_another(customer: Person, market: Market) -> Iterator[str]:
    """The path of a booking that somebody else holds."""
    booked = book(customer, market.seats(1))
    yield f"/en/bookings/{booked['id']}/"
    customer.delete(f"/api/bookings/{booked['id']}").ok()


def test_what_is_somebody_elses_is_not_found(somebody: Customer, of_another: str) -> None:
    token = somebody.get("/en/account/").form().fields["csrfmiddlewaretoken"]
    shown = [somebody.get(of_another + part) for part in ("", "status/", "cancel/", "pay/", "card/")]
    sent = [
        somebody.post(of_another + part, {"csrfmiddlewaretoken": token, "method": secrets.token_hex(4)})
        for part in ("cancel/", "pay/", "extend/")
    ]
    assert {(page.status, said_not_found(page)) for page in shown + sent} == {(404, True)}


def said_not_found(page: Page) -> bool:
    return "There is nothing at this address" in page.text


def test_an_answer_that_comes_late_takes_no_cookie_of_who_has_signed_in_meanwhile(
    somebody: Customer, nobody: Browser
) -> None:
    nobody.sign_in(somebody.name, PASSWORD)
    before = nobody.cookie(SESSION)
    nobody.sign_in(somebody.name, PASSWORD)
    nobody.keep(SESSION, before)
    assert somebody.name not in nobody.get("/en/me/").text
    assert nobody.cookie(SESSION) == before


def test_a_session_has_another_name_after_signing_in_and_is_worth_nothing_after_signing_out(
    somebody: Customer, nobody: Browser
) -> None:
    nobody.submit(nobody.get("/en/sign-in/"), name=somebody.name, password="wrong")
    nobody.sign_in(somebody.name, PASSWORD)
    first = nobody.cookie(SESSION)
    nobody.sign_in(somebody.name, PASSWORD)
    second = nobody.cookie(SESSION)
    assert len({"", first, second}) == 3
    nobody.submit(nobody.get("/en/account/"), "/en/sign-out/")
    assert nobody.cookie(SESSION) != second
    for stolen in (first, second):
        nobody.keep(SESSION, stolen)
        assert nobody.get("/en/account/").path == "/en/sign-in/"


def test_a_form_that_another_tab_signed_out_of_says_so_and_leads_back_to_it(
    somebody: Customer, nobody: Browser
) -> None:
    nobody.sign_in(somebody.name, PASSWORD)
    form = nobody.get("/vi/account/")
    nobody.submit(nobody.get("/en/account/"), "/en/sign-out/")
    told = nobody.submit(form, full_name="Ada Lovelace", language="vi", time_zone="")
    assert (told.path, told.status) == ("/vi/sign-in/", 200)
    assert "Nội dung bạn gửi chưa được thực hiện" in told.text
    back = nobody.submit(told, name=somebody.name, password=PASSWORD)
    assert (back.path, "Ada Lovelace" in back.text) == ("/vi/account/", False)


def test_a_form_under_way_while_another_tab_signs_out_is_never_a_bad_request(
    somebody: Customer, nobody: Browser
) -> None:
    typed = {"full_name": "Ada Lovelace", "phone": "", "language": "en", "time_zone": ""}
    for _ in range(ROUNDS):
        form = nobody.sign_in(somebody.name, PASSWORD) and nobody.get("/en/account/")
        with ThreadPoolExecutor(2) as pool:
            saved = pool.submit(nobody.submit, form, **typed)
            pool.submit(nobody.submit, form, "/en/sign-out/").result()
        page = saved.result()
        assert (page.status, page.path) in ((200, "/en/account/"), (200, "/en/sign-in/")), page.text


def test_who_tries_too_often_hears_for_how_long_to_wait(world: World, nobody: Browser) -> None:
    name = f"nobody-{secrets.token_hex(6)}"
    wrong = {"username": name, "password": "wrong"}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: world.anybody.post("/api/auth/token", wrong), range(ATTEMPTS)))
    page = nobody.sign_in(name, "wrong")
    seconds = int(page.headers["Retry-After"])
    assert (page.status, f"Please try again in {seconds} second" in page.text) == (429, True)
    assert 'role="alert"' in page.text


def test_no_page_and_no_cookie_holds_a_token_of_who_is_signed_in(somebody: Customer) -> None:
    for page in PAGES:
        assert somebody.get(f"/en/{page}").status == 200
    assert len(somebody.seen) > len(PAGES)
    told = [f"{answer.headers} {answer.body.decode(errors='replace')}" for answer in somebody.seen]
    assert not [text for text in told if TOKEN in text]


@pytest.mark.skipif(not os.environ.get("MARQUEE_STATE"), reason="the logs of a stack somewhere else cannot be read")
def test_no_log_of_the_shop_holds_a_token(somebody: Customer) -> None:
    somebody.get("/en/account/")
    logs = list((Path(os.environ["MARQUEE_STATE"]) / "log").glob("frontend*"))
    assert logs
    assert not [log.name for log in logs if TOKEN in log.read_text(errors="replace")]
