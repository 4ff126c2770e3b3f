"""Pictures of films: what is taken for one, what becomes of it, and what everybody gets to see."""

import hashlib
import struct
import threading
import zlib
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from bodies import problem
from django.utils import timezone
from factories import MovieFactory
from pictures_made import jpeg, picture, upload
from PIL import Image

from catalog import pictures, posters
from catalog.models import Movie, Poster, PosterPicture
from chassis.ids import uuid7

pytestmark = pytest.mark.django_db

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="600"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def put(client: Any, movie: Movie, data: bytes, **named: str) -> Any:
    return client.put(f"/movies/{movie.id}/poster", {"picture": upload(data, **named)}, format="multipart")


def path_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[2].join(["/", ""])


def png_of(width: int, height: int) -> bytes:
    """The head of a picture of this size, and hardly any data: what a bomb looks like."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def moving(format_: str) -> bytes:
    out = BytesIO()
    frames = [Image.new("RGB", (300, 450), colour) for colour in ("red", "blue")]
    frames[0].save(out, format_, save_all=True, append_images=frames[1:])
    return out.getvalue()


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_drawn_in_each_width_and_served_for_ever(manager: Any, api: Any, format_: str) -> None:
    movie = MovieFactory()
    told = put(manager, movie, picture(format_))
    assert told.status_code == 200, told.content
    sizes = told.json()["poster"]["sizes"]
    assert [(size["width"], size["height"]) for size in sizes] == [(200, 300), (400, 600), (800, 1200)]
    assert told.json()["poster_url"] == sizes[-1]["url"]
    served = hashlib.sha256()
    for size in sizes:
        answer = api.get(path_of(size["url"]))
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/webp"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        assert api.get(path_of(size["url"]), headers={"If-None-Match": answer["ETag"]}).status_code == 304
        drawn = Image.open(BytesIO(answer.content))
        assert (drawn.format, drawn.size) == ("WEBP", (size["width"], size["height"]))
        served.update(answer.content)
    assert served.hexdigest() in sizes[0]["url"]


def test_no_size_is_wider_than_what_came(manager: Any) -> None:
    sizes = put(manager, MovieFactory(), jpeg((500, 700))).json()["poster"]["sizes"]
    assert [size["width"] for size in sizes] == [200, 400]


REFUSED = {
    "an SVG with a script": SVG,
    "a page": HTML,
    "nothing": b"",
    "a GIF": picture("GIF"),
    "a BMP": picture("BMP"),
    "a TIFF": picture("TIFF"),
    "half a JPEG": jpeg()[: len(jpeg()) // 2],
    "half a PNG with its end": picture("PNG")[:2000] + picture("PNG")[-12:],
    "a JPEG with a page behind it": jpeg() + HTML,
    "a PNG with a page behind it": picture("PNG") + HTML,
    "a PNG with another behind it": picture("PNG") * 2,
    "a WebP with a page behind it": picture("WEBP") + HTML,
    "a GIF that is JavaScript": b"GIF89a/*" + picture("GIF")[8:] + b"*/=1;alert(1)",
    "a moving WebP": moving("WEBP"),
    "a moving PNG": moving("PNG"),
    "what is too small": jpeg((150, 225)),
    "a ribbon": jpeg((200, 900)),
    "a bomb": png_of(30_000, 30_000),
    "a bomb of one row": png_of(2**31 - 1, 1),
    "one just too large": png_of(4001, 4000),
    "a head without a picture": png_of(400, 600),
    "bytes": bytes(range(256)) * 100,
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_no_picture_of_ours_is_refused(manager: Any, data: bytes) -> None:
    movie = MovieFactory()
    body = problem(put(manager, movie, data), 400, "invalid")
    assert [error["pointer"] for error in body["errors"]] == ["/picture"]
    assert not PosterPicture.objects.exists()


def test_a_file_is_what_it_holds_and_not_what_it_is_called(manager: Any) -> None:
    assert put(manager, MovieFactory(), jpeg(), name="x.svg", content_type="image/svg+xml").status_code == 200
    problem(put(manager, MovieFactory(), SVG, name="x.png", content_type="image/png"), 400, "invalid")


def test_nothing_but_pixels_comes_through(manager: Any, api: Any) -> None:
    """Where it was taken, comments and a script in it are gone; the way it was held is not."""
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter to the right
    exif[0x010E] = "<script>alert(1)</script>"
    exif.get_ifd(0x8825)[1] = "N"
    out = BytesIO()
    Image.new("RGB", (900, 600), "red").save(out, "JPEG", exif=exif, comment=HTML, icc_profile=b"x" * 200)
    sizes = put(manager, MovieFactory(), out.getvalue()).json()["poster"]["sizes"]
    assert [(size["width"], size["height"]) for size in sizes] == [(200, 300), (400, 600)]
    for size in sizes:
        content = api.get(path_of(size["url"])).content
        assert b"script" not in content
        drawn = Image.open(BytesIO(content))
        assert not dict(drawn.getexif())
        assert not {"icc_profile", "exif", "xmp", "comment"} & drawn.info.keys()


def test_what_is_transparent_becomes_white(manager: Any, api: Any) -> None:
    out = BytesIO()
    Image.new("RGBA", (400, 600), (255, 0, 0, 0)).save(out, "PNG")
    sizes = put(manager, MovieFactory(), out.getvalue()).json()["poster"]["sizes"]
    drawn = Image.open(BytesIO(api.get(path_of(sizes[0]["url"])).content))
    assert (drawn.mode, drawn.getpixel((9, 9))) == ("RGB", (255, 255, 255))


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_pictures_for_print_and_without_colour_are_taken(manager: Any, mode: str) -> None:
    assert put(manager, MovieFactory(), picture("JPEG", mode=mode)).status_code == 200


def test_noise_is_kept_in_a_few_hundred_kilobytes() -> None:
    noise = Image.effect_noise((1600, 2400), 120).convert("RGB")
    out = BytesIO()
    noise.save(out, "JPEG", quality=90)
    drawing = pictures.draw(out.getvalue())
    assert sum(len(size.body) for size in drawing.sizes) < 1024 * 1024


def test_a_body_larger_than_a_picture_may_be_is_not_read(manager: Any) -> None:
    problem(put(manager, MovieFactory(), b"x" * (pictures.MAX_BYTES + 64 * 1024)), 413, "payload_too_large")


def test_a_file_just_too_large_is_refused(manager: Any) -> None:
    problem(put(manager, MovieFactory(), jpeg() + b"\0" * pictures.MAX_BYTES), 413, "payload_too_large")
    with pytest.raises(pictures.NotAPicture, match="8 MiB"):
        pictures.draw(b"\0" * (pictures.MAX_BYTES + 1))


@pytest.mark.parametrize("body", [{}, {"picture": "text"}, {"picture": "text", "more": "x"}])
def test_a_form_without_a_file_is_refused(manager: Any, body: Any) -> None:
    answer = manager.put(f"/movies/{MovieFactory().id}/poster", body, format="multipart")
    assert {error["pointer"] for error in problem(answer, 400, "invalid")["errors"]} <= {"/picture", "/more"}


def test_what_is_no_form_is_not_taken(manager: Any) -> None:
    address = f"/movies/{MovieFactory().id}/poster"
    assert manager.put(address, {"picture": "x"}, format="json").status_code == 415
    assert manager.generic("PUT", address, b"x", content_type="multipart/form-data; boundary=y").status_code == 400


def test_only_managers_hang_posters(sign_in: Any, api: Any) -> None:
    movie = MovieFactory()
    for client, status in ((api, 401), (sign_in(), 403), (sign_in(roles=("support",)), 403)):
        assert put(client, movie, jpeg()).status_code == status
        assert client.delete(f"/movies/{movie.id}/poster").status_code == status


def test_a_film_that_is_not_there_gets_no_poster(manager: Any) -> None:
    problem(put(manager, Movie(id=uuid7()), jpeg()), 404, "movie_not_found")


def test_the_address_is_ours_while_there_is_a_picture(manager: Any, api: Any, emitted: Any, commits: Any) -> None:
    movie = MovieFactory(poster_url="https://posters.example/1.jpg")
    with commits():
        put(manager, movie, jpeg())
    told = api.get(f"/movies/{movie.id}").json()
    assert path_of(told["poster_url"]).startswith("/media/posters/")
    assert emitted("movie.updated")[-1].data["poster_url"] == told["poster_url"]
    with commits():
        assert manager.delete(f"/movies/{movie.id}/poster").status_code == 204
    assert api.get(f"/movies/{movie.id}").json()["poster_url"] == "https://posters.example/1.jpg"
    problem(manager.delete(f"/movies/{movie.id}/poster"), 404, "poster_not_found")


@pytest.mark.parametrize("name", ["0" * 64 + "-200.webp", "0" * 64 + "-9999.webp"])
def test_a_picture_that_is_not_there_is_not_found(api: Any, name: str) -> None:
    problem(api.get(f"/media/posters/{name}"), 404, "poster_not_found")


@pytest.mark.parametrize("name", ["x-200.webp", "0" * 64 + "-200.png", "0" * 64 + "-99999.webp", "..%2f..%2fetc"])
def test_what_is_no_name_of_a_picture_is_not_found(api: Any, name: str) -> None:
    assert api.get(f"/media/posters/{name}").status_code == 404


def test_a_picture_goes_a_day_after_no_film_has_it_any_more() -> None:
    one, other = MovieFactory(), MovieFactory()
    shared, single = posters.drawn(jpeg()), posters.drawn(jpeg((900, 1200)))
    posters.set_poster(movie_id=one.id, drawing=shared)
    posters.set_poster(movie_id=other.id, drawing=shared)
    posters.set_poster(movie_id=one.id, drawing=single)
    assert posters.prune_pictures() == 0
    PosterPicture.objects.exclude(unused_since=None).update(unused_since=timezone.now() - timedelta(days=2))
    assert posters.prune_pictures() == 0, "the other film has it"
    posters.remove_poster(movie_id=other.id)
    assert posters.prune_pictures() == 0, "whoever has read the page shows it still"
    PosterPicture.objects.exclude(unused_since=None).update(unused_since=timezone.now() - timedelta(days=2))
    assert posters.prune_pictures() == 3
    assert set(PosterPicture.objects.values_list("digest", flat=True)) == {single.digest}


def test_a_picture_that_is_hung_again_stays() -> None:
    movie, drawing = MovieFactory(), posters.drawn(jpeg())
    posters.set_poster(movie_id=movie.id, drawing=drawing)
    posters.remove_poster(movie_id=movie.id)
    posters.set_poster(movie_id=movie.id, drawing=drawing)
    assert not PosterPicture.objects.exclude(unused_since=None).exists()
    assert Poster.objects.get().digest == drawing.digest


def test_pictures_are_drawn_one_after_the_other(manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has waited long enough is told to come again."""
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.05)
    movie, drawing, done = MovieFactory(), threading.Event(), threading.Event()

    def hold() -> None:
        with pictures._alone():
            drawing.set()
            done.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    assert drawing.wait(30)
    try:
        answer = put(manager, movie, jpeg())
        problem(answer, 503, "pictures_busy")
        assert int(answer["Retry-After"]) > 0
    finally:
        done.set()
        other.join()
    assert put(manager, movie, jpeg()).status_code == 200
