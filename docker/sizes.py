"""Prints the size of the image of each service and of the shop, and exits 1 when one is larger than it may be.

`python docker/sizes.py`; IMAGE_PREFIX and IMAGE_TAG in the environment or in `.env` name the images.
"""

import subprocess
import sys

from ticket import setting

from stack.services import FRONTEND, NAMES

LIMIT_BYTES = 250_000_000


def size(image: str) -> int:
    words = ["docker", "image", "inspect", "--format", "{{.Size}}", image]
    return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    sizes = {
        name: size(f"{setting('IMAGE_PREFIX', 'marquee')}/{name}:{setting('IMAGE_TAG', 'local')}")
        for name in (*NAMES, FRONTEND)
    }
    for name, count in sizes.items():
        print(f"  {name:8} {count / 1e6:6.0f} MB{'' if count <= LIMIT_BYTES else '  TOO LARGE'}")
    return int(max(sizes.values()) > LIMIT_BYTES)


if __name__ == "__main__":
    sys.exit(main())
