"""Lints the workflows of .github with actionlint, which Go installs where it is missing.

Without Go it says so, and fails only where CI=true: there it must not be left out.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".stack" / "tools" / "bin"
MODULE, VERSION = "github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12"


def program() -> Path | None:
    """actionlint of this version, installed when it is missing; None where there is no Go to do it."""
    path = BIN / f"actionlint-{VERSION}"
    if path.exists():
        return path
    go = shutil.which("go")
    if go is None:
        return None
    BIN.mkdir(parents=True, exist_ok=True)
    subprocess.run([go, "install", f"{MODULE}@{VERSION}"], env={**os.environ, "GOBIN": str(BIN)}, check=True)
    (BIN / "actionlint").rename(path)
    return path


def main() -> int:
    actionlint = program()
    if actionlint is None:
        print(f"  missing  the workflows were not looked at: there is no Go to install actionlint {VERSION} with")
        return 1 if os.environ.get("CI") == "true" else 0
    # Its own rules alone, whatever else is installed.
    return subprocess.run([actionlint, "-shellcheck=", "-pyflakes="], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
