"""The tags and filters of message templates: an allow-list out of Django's own."""

from django.template import Library, defaultfilters, defaulttags

TAGS = ("comment", "for", "if", "with")
FILTERS = (
    "default",
    "first",
    "join",
    "last",
    "length",
    "linebreaks",
    "linebreaksbr",
    "lower",
    "pluralize",
    "title",
    "truncatechars",
    "upper",
    "urlencode",
    "yesno",
)

register = Library()
register.tags = {name: defaulttags.register.tags[name] for name in TAGS}
register.filters = {name: defaultfilters.register.filters[name] for name in FILTERS}
