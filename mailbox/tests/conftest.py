"""The mailbox runs from its own folder, which makes it importable; so do its tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
