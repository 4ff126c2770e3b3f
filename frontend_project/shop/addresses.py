"""Where a page is in each language: its addresses differ in their first part alone."""

from django.conf import settings


def likes_of(path: str) -> dict[str, str]:
    """By language the whole address of a page; path: behind the language. x-default: for whoever reads another one."""
    likes = {code: f"{settings.PUBLIC_URL}/{code}/{path}" for code, _ in settings.LANGUAGES}
    return {**likes, "x-default": likes[settings.LANGUAGE_CODE]}
