import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from missing import pytest_runtest_call  # noqa: F401  (pytest finds it here)
