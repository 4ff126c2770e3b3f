"""The posters of the demo films: drawn, always alike, and uploaded as staff would."""

from io import BytesIO
from uuid import UUID

from PIL import Image, ImageDraw, ImageFont, ImageOps

from catalog.demo.art import ART, HIGH, WIDE, Art, Disc, Line, Shape
from catalog.demo.movies import FILMS
from catalog.demo.programme import demo_id
from catalog.models import Movie
from catalog.posters import drawn, set_poster

# Pixels of a sheet's unit; it is drawn twice as large, so that edges are smooth.
UNIT, FINER = 4, 2
SCALE = UNIT * FINER
LINE_HIGH = 11
LONGEST_LINE = 15


def add_posters() -> int:
    """To those of the demo films that have none; how many."""
    bare = set(Movie.objects.filter(poster=None, id__in=map(_id_of, ART)).values_list("id", flat=True))
    wanted = [film.title for film in FILMS if _id_of(film.title) in bare]
    for title in wanted:
        set_poster(movie_id=_id_of(title), drawing=drawn(poster(title, ART[title])))
    return len(wanted)


def poster(title: str, art: Art) -> bytes:
    """As PNG."""
    top, bottom = art.sky
    column = Image.linear_gradient("L").resize((1, HIGH * SCALE))
    sheet = ImageOps.colorize(column, top, bottom).resize((WIDE * SCALE, HIGH * SCALE), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(sheet)
    for part in art.shapes:
        _add(pen, part)
    _write(pen, title, art)
    out = BytesIO()
    sheet.resize((WIDE * UNIT, HIGH * UNIT), Image.Resampling.BOX).save(out, "PNG", compress_level=0)
    return out.getvalue()


def _add(pen: ImageDraw.ImageDraw, part: Disc | Shape | Line) -> None:
    match part:
        case Disc(x, y, radius, colour, flat):
            high = radius * flat
            pen.ellipse([SCALE * each for each in (x - radius, y - high, x + radius, y + high)], fill=colour)
        case Shape(points, colour):
            pen.polygon([(SCALE * x, SCALE * y) for x, y in points], fill=colour)
        case Line(points, colour, width):
            pen.line([(SCALE * x, SCALE * y) for x, y in points], fill=colour, width=round(SCALE * width))


def _write(pen: ImageDraw.ImageDraw, title: str, art: Art) -> None:
    """The title, in lines of a few words each, as large as the longest of them lets it be."""
    lines = _lines(art.written or title)
    longest = max(lines, key=len)
    size = min(LINE_HIGH, 0.88 * WIDE / (0.62 * len(longest))) * SCALE
    font = ImageFont.load_default(size)
    for number, line in enumerate(lines):
        place = (SCALE * WIDE / 2, SCALE * art.title + size * 1.15 * number)
        pen.text(place, line, fill=art.ink, font=font, anchor="mt", stroke_width=SCALE / 8, stroke_fill=art.ink)


def _lines(title: str) -> list[str]:
    lines: list[str] = []
    for word in title.split():
        if lines and len(lines[-1]) + len(word) < LONGEST_LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _id_of(title: str) -> UUID:
    return demo_id("movie", title)
