"""Which Pythons run Marquee. As a program it exits 0 where this is one of them, else it says so and exits 1.

It is read by older Pythons too, so nothing in here is newer than they are.
"""

import sys

OLDEST = (3, 11)
NEWEST = (3, 14)


def complaint(version: "tuple[int, int]" = (sys.version_info[0], sys.version_info[1])) -> "str | None":
    """None when a Python of this version runs Marquee, else what is wrong and the way out, in a line."""
    if OLDEST <= version <= NEWEST:
        return None
    wanted = f"Python {named(OLDEST)} to {named(NEWEST)}"
    return (
        f"Marquee runs on {wanted}, this is {named(version)}: install one of them, and say PYTHON=python3.11 if need be"
    )


def named(version: "tuple[int, int]") -> str:
    """As people write it, 3.11."""
    return f"{version[0]}.{version[1]}"


if __name__ == "__main__":
    sys.exit(complaint())
