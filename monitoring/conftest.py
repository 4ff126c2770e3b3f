import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "helm"), str(HERE.parent)]
from missing import pytest_runtest_call, pytest_runtest_setup  # noqa: E402, F401  (pytest finds it here)
