"""The part of requirements.lock that goes into one layer of an image; printed with its hashes.

`python docker/requirements.py shared|<project>`: what all services have, or what a project adds to the shared part.
Raises stack.errors.StackError when the lock does not know the project.
"""

import sys

from stack import lock

# Started by their command from the image of any service.
TOOLS = ("flower",)


def layer(name: str, text: str) -> str:
    """The requirements of a layer, as a lock of its own."""
    shared = _names(_packages(TOOLS, text) + lock.subset(text, {"chassis"}))
    if name == "shared":
        return _pins(shared, text)
    return _pins(_names(lock.subset(text, {lock.project_name(name), "chassis"})) - shared, text)


def _packages(names: tuple[str, ...], text: str) -> str:
    """These packages of the lock, and all that they need."""
    return _pins({*names, *_names(lock.subset(text, set(names)))}, text)


def _names(text: str) -> set[str]:
    return set(lock.entries(text))


def _pins(names: set[str], text: str) -> str:
    return "".join(lines for name, (lines, _) in lock.entries(text).items() if name in names)


if __name__ == "__main__":
    sys.stdout.write(layer(sys.argv[1], lock.FILE.read_text()))
