import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "helm")]
from missing import pytest_runtest_call  # noqa: E402, F401  (pytest finds it here)
