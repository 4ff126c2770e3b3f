"""Times of day, which are the cinema's wherever their reader is: each says so."""

import re
from pathlib import Path

import pytest
from django.utils import translation

from shop.templatetags.shop import zoned_clock

TEMPLATES = Path(__file__).parents[1] / "shop" / "templates" / "shop"
# Times of many showtimes; the page around them says once whose they are.
LIST = "times.html"
BESIDE = re.compile(r'\|clock:([\w.]+) }}(?:</b>)? <span class="quiet">\({{ \1\|zone_name }}\)')


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "2:09\u202fAM (Vietnam Time)"),
        ("vi", "02:09 (Giờ Việt Nam)"),
        ("de", "02:09 (Vietnam (Ortszeit))"),
        ("ja", "2:09 (ベトナム時間)"),
    ],
)
def test_a_time_is_said_with_its_zone(language: str, said: str) -> None:
    with translation.override(language):
        assert zoned_clock("2026-11-27T19:09:00Z", "Asia/Ho_Chi_Minh") == said


@pytest.mark.parametrize("language", ["en", "vi", "de", "ja"])
def test_a_time_of_no_place_is_said_to_be_utc(language: str) -> None:
    with translation.override(language):
        assert zoned_clock("2026-11-27T19:09:00Z", "UTC").endswith(" (UTC)")


def test_no_page_shows_a_time_without_its_zone() -> None:
    texts = {file.name: file.read_text() for file in TEMPLATES.glob("*.html")}
    bare = {name for name, text in texts.items() if "|clock:" in BESIDE.sub("", text)}
    lists = {name for name, text in texts.items() if f"shop/{LIST}" in text}
    assert bare == {LIST}
    assert len(lists) > 1
    assert {name for name in lists if "zone_name" not in texts[name]} == set()
