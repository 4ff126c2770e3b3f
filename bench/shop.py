"""`python -m bench.shop`: what the shop's pages take: time, bytes, calls, and Lighthouse's marks on a telephone."""

import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench import system
from bench.http import Client, percentile
from bench.limits import file_server, reads_per_second
from bench.market import BenchError
from bench.report import judged, keep, print_judged, say
from stack import packages
from stack.errors import StackError
from stack.lifecycle import Stack
from stack.ports import any_free_port

TIMES = 41
LIGHTHOUSE = "lighthouse@12"
MARKS = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
# What a mark is on a machine that does other things too: the median, with the worst beside it.
LOOKS = 3
# A browser on a busy machine sometimes loses the trace that Lighthouse reads; it says so and asks for another run.
RUNS = 3
# Pages that robots.txt keeps from search engines, on purpose: all else that a mark for them asks is asked of these too.
UNLISTED = ("showtime", "checkout")
# What a page brings, compressed, by the browser's own count; pictures of films left out.
WEIGHT = """() => {
    const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    const sum = (found) => found.reduce((bytes, one) => bytes + one.transferSize, 0);
    const named = (part) => all.filter((one) => one.name.includes(part));
    return [sum(all) - sum(named('/media/')), sum(named('.js'))];
}"""


@contextmanager
def customer(stack: Stack) -> Iterator[Page]:
    """A window on a telephone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=packages.browser())
        # The bytes of a first visit: a worker would bring them from what it kept.
        context = browser.new_context(
            base_url=system.gateway(stack), viewport={"width": 390, "height": 844}, service_workers="block"
        )
        yield context.new_page()
        browser.close()


def addresses(page: Page) -> dict[str, str]:
    """Each kind of page by its name; the last one is of seats that are held for this window."""
    page.goto("/en/cinemas/")
    page.locator("a[href*='/choose/']").first.click()
    found = {"home": page.url}
    found["film"] = page.locator("a[href*='/films/']").first.evaluate("link => link.href")
    found["showtime"] = page.locator("a.time").last.evaluate("link => link.href")
    page.goto(found["showtime"])
    page.locator("#seats button.button").click()
    page.locator("#email").fill(f"bench-{secrets.token_hex(6)}@customers.example")
    page.locator("form.form button.button").click()
    page.locator("a[href$='/card/']").wait_for()
    return found | {"checkout": page.url}


def seconds(stack: Stack, url: str, cookies: str) -> float:
    """p95 of a page that no cache answers, in milliseconds."""
    client = Client(system.gateway(stack))
    path = url.removeprefix(system.gateway(stack))
    taken = []
    for number in range(TIMES):
        unlike = f"{path}{'&' if '?' in path else '?'}n={number}-{secrets.token_hex(4)}"
        answer = client.call("GET", unlike, headers={"Cookie": cookies, "Accept": "text/html"})
        if answer.status != 200:
            raise BenchError(f"{path}: {answer.status}")
        taken.append(answer.seconds)
    client.close()
    return round(percentile(taken, 0.95) * 1000, 1)


def marks(url: str, cookies: str, *, listed: bool) -> dict[str, list[int]]:
    """Lighthouse's, of 100, from the worst to the best look; none where npx is missing.

    listed: whether search engines may have the page.
    """
    if shutil.which("npx") is None:
        say("Lighthouse was not asked: there is no npx here")
        return {}
    looks = [_look(url, cookies, listed=listed) for _ in range(LOOKS)]
    return {name: sorted(look[name] for look in looks) for name in MARKS}


def _look(url: str, cookies: str, *, listed: bool) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        out, headers = Path(folder) / "marks.json", Path(folder) / "headers.json"
        headers.write_text(json.dumps({"Cookie": cookies}))
        command = [
            *("npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", f"--output-path={out}"),
            *(f"--extra-headers={headers}", "--form-factor=mobile"),
            *([] if listed else ["--skip-audits=is-crawlable"]),
            "--chrome-flags=--headless=new --no-sandbox",
        ]
        environment = {**os.environ, "CHROME_PATH": str(packages.browser())}
        for last in [False] * (RUNS - 1) + [True]:
            if subprocess.run(command, env=environment, check=last, timeout=300).returncode == 0:
                break
        categories = json.loads(out.read_text())["categories"]
    return {name: round(categories[name]["score"] * 100) for name in MARKS}


def cached(stack: Stack, url: str) -> float:
    """How fast the edge gives a page that it has, as a share of NGINX with a file of that size."""
    page = Client(system.gateway(stack)).call("GET", url.removeprefix(system.gateway(stack))).body
    with file_server(page, port=any_free_port()) as file:
        limit = reads_per_second(file, connections=16, seconds=4)
    return round(reads_per_second(url, connections=16, seconds=4) / limit, 3)


def run() -> dict[str, Any]:
    """Raises BenchError, StackError."""
    stack = system.running()
    figures: list[dict[str, Any]] = []

    def told(name: str, value: float, sign: str, target: float) -> None:
        figures.append(judged(name, value, sign, target))

    with system.unlimited(stack), customer(stack) as page:
        say("buying up to the checkout")
        pages = addresses(page)
        cookies = "; ".join(f"{each['name']}={each['value']}" for each in page.context.cookies())
        # The last one first, for seats are not held for ever.
        for name, url in reversed(pages.items()):
            say(name)
            page.context.new_cdp_session(page).send("Network.clearBrowserCache")
            page.goto(url)
            page.wait_for_load_state("networkidle")
            weight, script = page.evaluate(WEIGHT)
            told(f"{name}, p95 ms", seconds(stack, url, cookies), "<=", 50)
            told(f"{name}, kB compressed", round(weight / 1000, 1), "<=", 100)
            told(f"{name}, kB of script", round(script / 1000, 1), "<=", 30)
            for kind, found in marks(url, cookies, listed=name not in UNLISTED).items():
                told(f"{name}, {kind}, median of {LOOKS}", statistics.median(found), ">=", MARKS[kind])
                told(f"{name}, {kind}, worst", found[0], ">=", MARKS[kind])
        told("cached page / NGINX with a file", cached(stack, pages["home"]), ">=", 0.3)
    return {"at": datetime.now(UTC).isoformat(timespec="seconds"), "figures": figures}


def main() -> int:
    try:
        found = run()
    except (BenchError, StackError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    kept = keep(found, kind="shop-")
    print_judged(found["figures"])
    print(f"kept in {kept}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
