"""Tonight and the map of a showtime, as somebody of support works there."""

from collections.abc import Callable

from desk import assert_is_seen, sold
from playwright.sync_api import Page, expect
from waiting import wait_for
from world import Market, World, booking_of

READ = """async (place) => {
  const { default: jsQR } = await import("/static/booking/bookings/vendor/jsqr.min.js");
  const picture = document.querySelectorAll(".paper-ticket img")[place];
  const [width, height] = [picture.naturalWidth, picture.naturalHeight];
  const drawn = new OffscreenCanvas(width, height).getContext("2d");
  drawn.fillStyle = "white";
  drawn.fillRect(0, 0, width, height);
  drawn.drawImage(picture, 0, 0);
  return jsQR(drawn.getImageData(0, 0, width, height).data, width, height)?.data;
}"""


def test_support_sees_who_sits_where_and_gives_other_seats(
    staff_page: Callable[[str, str], Page], market: Market, world: World, small_house: str
) -> None:
    showtime = small_house
    customer, booking = sold(market, showtime, 2)
    page = staff_page("booking", "support")
    day = world.anybody.get(f"/api/showtimes/{showtime}").ok()["starts_at"][:10]
    page.goto(f"/admin/booking/tonight/?day={day}&theater={market.theater['id']}")
    page.locator(f"a[href$='/showtimes/{showtime}/map/']").wait_for()
    assert_is_seen(page, "tonight")

    page.locator(f"a[href$='/showtimes/{showtime}/map/']").click()
    assert_is_seen(page, "map")
    theirs = page.locator(f"input[name=seat][aria-label*='{booking['reference']}']")
    expect(theirs).to_have_count(2)
    free = page.locator("input[name=seat][aria-label*='on sale']")
    theirs.nth(0).check()
    free.nth(0).check()
    expect(page.locator("#chosen")).to_contain_text(booking["reference"])
    page.get_by_label("Reason").fill("a broken seat")
    page.get_by_label("Message to the customer").fill("One of your seats is broken.")
    page.get_by_role("button", name="Move the booking, or swap two").click()
    page.get_by_text("Its customer is told, with new tickets.").wait_for()
    wait_for(lambda: world.mail_about(customer.email, "has other seats", "One of your seats is broken."), what="mail")

    # By the keyboard alone.
    page.locator("input[name=seat][tabindex='0']").focus()
    page.keyboard.press("End")
    page.keyboard.press("Space")
    page.get_by_label("Reason").fill("for the director")
    page.get_by_role("button", name="Take off sale").press("Enter")
    page.get_by_text("Off sale: 1 seat.").wait_for()

    page.get_by_role("button", name=f"Print the tickets of {booking['reference']}").click()
    expect(page.locator(".paper-ticket img")).to_have_count(2)
    now = booking_of(customer, booking)["tickets"]
    # As a telephone without a reader of its own reads them.
    assert {page.evaluate(READ, place) for place in range(2)} == {ticket["code"] for ticket in now}
    assert_is_seen(page, "paper")
