"""What a screen shows on a day of the plan board, as HTML.

Of a week that is hundreds of showtimes, and a template takes three times as long. Where each of them stands is said in
minutes; the style sheet makes lengths of these.
"""

from uuid import UUID

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.board import Block, Lane


def draw(lane: Lane, *, may_change: bool, focus: UUID | None = None) -> SafeString:
    """The items of its list. may_change: whoever looks may move a showtime. focus: the one that is looked at next."""
    blocks = [
        (_kind(block), _place(block), block.showtime.pk, _marks(block, may_change, focus), *_words(block, lane))
        for block in lane.blocks
    ]
    gaps = [(gap.at, gap.minutes, gap.minutes) for gap in lane.gaps]
    return format_html_join(
        "",
        '<li class="{}" style="{}"><button form="choose" name="showtime" value="{}"{}>{} <b>{}</b> {}</button></li>',
        blocks,
    ) + format_html_join("", '<li class="gap" style="--at:{};--runs:{}">{}&prime;</li>', gaps)


def _kind(block: Block) -> str:
    marks = {"draft": block.draft, "clash": bool(block.in_its_way)}
    return " ".join(["showtime", *(mark for mark, holds in marks.items() if holds)])


def _place(block: Block) -> str:
    place = f"--at:{block.at};--runs:{block.runs};--cleaning:{block.cleaning}"
    return f"{place};--track:{block.track}" if block.track else place


def _marks(block: Block, may_change: bool, focus: UUID | None) -> SafeString:
    """Its revision, if it may be moved: who moves it says which one they saw."""
    revision = format_html(' data-revision="{}"', block.showtime.revision) if may_change and block.moves else ""
    return format_html("{}{}", revision, SafeString(" data-focus") if block.showtime.pk == focus else "")


def _words(block: Block, lane: Lane) -> tuple[str, str, str]:
    showtime = block.showtime
    sold = "draft" if block.draft else f"{block.taken} of {lane.screen.seat_count}"
    return block.clock, showtime.movie.title, f"{showtime.format} {showtime.language}, {sold}"
