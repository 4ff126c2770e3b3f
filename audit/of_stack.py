"""The audit of a stack on this machine, for those who run one: what is not read is a StackError."""

from collections.abc import Iterator
from contextlib import contextmanager

from audit import auditing
from audit.rules import Report
from audit.sources import Sources
from audit.web import Unreadable
from stack import lifecycle, variables
from stack.errors import StackError
from stack.instance import Instance
from stack.lifecycle import Stack


def sources_at(state: str) -> Sources:
    """Of the instance that keeps its state in this folder. Raises Unreadable when there is none."""
    try:
        return _of(lifecycle.load(Instance.at(state)))
    except StackError as error:
        raise Unreadable(str(error)) from error


def look(stack: Stack) -> Report:
    """What is violated at this moment, under way or not. Raises StackError."""
    with _sources(stack) as sources:
        return auditing.look(sources)


def settle(stack: Stack, *, seconds: float) -> Report:
    """As soon as nothing is violated, at the latest after these seconds. Raises StackError."""
    with _sources(stack) as sources:
        return auditing.settle(sources, seconds=seconds)


def _of(stack: Stack) -> Sources:
    return Sources.of(variables.of_audit(stack.instance, ports=stack.ports, secrets=stack.secrets))


@contextmanager
def _sources(stack: Stack) -> Iterator[Sources]:
    try:
        with _of(stack) as sources:
            yield sources
    except Unreadable as error:
        raise StackError(str(error)) from error
