"""The tags and filters of message templates: an allow-list out of Django's own, with loops that end soon."""

import time
from dataclasses import dataclass, field
from typing import Any

from django.template import Library, defaultfilters, defaulttags
from django.template.base import Node, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

from notifications.wording_rules import BadWording

TAGS = ("comment", "if", "with")
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
# Of all the loops of a wording together: turns, signs, and seconds of the processor, for on a busy machine a good mail
# waits.
TURNS_LIMIT = 500
OUTPUT_LIMIT = 200_000
SECONDS_LIMIT = 1.0
SPENT = "spent"


@dataclass(slots=True)
class Spent:
    """What the loops of one rendering have taken so far."""

    turns: int = 0
    signs: int = 0
    began: float = field(default_factory=time.thread_time)

    def another_turn(self, said: str) -> None:
        """Raises BadWording."""
        self.turns += 1
        self.signs += len(said)
        if self.turns > TURNS_LIMIT or self.signs > OUTPUT_LIMIT:
            raise BadWording(f"The loops of a wording turn at most {TURNS_LIMIT} times and say {OUTPUT_LIMIT} signs.")
        if time.thread_time() - self.began > SECONDS_LIMIT:
            raise BadWording("This takes too long to render.")


class Turn(Node):
    """What one turn of a loop says; ends the rendering of what does not end soon."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        spent: Any = context.render_context
        if SPENT not in spent:
            spent[SPENT] = Spent()
        said = self.nodelist.render(context)
        spent[SPENT].another_turn(said)
        return said


class ListFor(defaulttags.ForNode):
    """A loop over a list of the message; over the letters of a text it would be none."""

    def render(self, context: Context) -> SafeString:
        sequence: Any = self.sequence
        values = sequence.resolve(context, ignore_failures=True)
        if values is not None and not isinstance(values, list):
            raise BadWording(f"A loop goes over a list, and {sequence} is none.")
        return mark_safe(super().render(context))  # noqa: S308  (as Django's own: its nodes have escaped it)


def list_for(parser: Parser, token: Token) -> ListFor:
    loop: Any = defaulttags.do_for(parser, token)
    turn = NodeList([Turn(loop.nodelist_loop)])
    return ListFor(loop.loopvars, loop.sequence, loop.is_reversed, turn, loop.nodelist_empty)


register = Library()
register.tags = {name: defaulttags.register.tags[name] for name in TAGS} | {"for": list_for}
register.filters = {name: defaultfilters.register.filters[name] for name in FILTERS}
