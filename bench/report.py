"""What a run says while it goes on, and keeps of what it found."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# what, value, wanted at most; None: nothing is wanted of it.
Figure = tuple[str, float, float | None]

RESULTS = Path(__file__).parent / "results"


def say(words: str) -> None:
    print(f"bench: {words}", flush=True)


def judged(name: str, value: float, sign: str, target: float) -> dict[str, Any]:
    """A figure beside what is wanted of it; sign: `<=` or `>=`."""
    met = value <= target if sign == "<=" else value >= target
    return {"figure": name, "value": round(value, 3), "target": f"{sign} {target:g}", "met": met}


def print_judged(figures: Iterable[Mapping[str, Any]]) -> None:
    print(f"\n{'figure':42} {'value':>10}  {'target':>10}")
    for row in figures:
        print(f"{row['figure']:42} {row['value']:>10g}  {row['target']:>10}  {'met' if row['met'] else 'MISSED'}")


def keep(found: dict[str, Any], *, kind: str = "") -> str:
    """Writes it into bench/results/, by its kind and time; where that is, from the project's folder on."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{kind}{found['at'].replace(':', '').replace('+0000', 'Z')}.json"
    file.write_text(json.dumps(found, indent=2) + "\n")
    return str(file.relative_to(RESULTS.parent.parent))
