"""What a run says while it goes on, and keeps of what it found."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def say(words: str) -> None:
    print(f"bench: {words}", flush=True)


def keep(found: dict[str, Any], *, kind: str = "") -> str:
    """Writes it into bench/results/, by its kind and time; where that is, from the project's folder on."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{kind}{found['at'].replace(':', '').replace('+0000', 'Z')}.json"
    file.write_text(json.dumps(found, indent=2) + "\n")
    return str(file.relative_to(RESULTS.parent.parent))
