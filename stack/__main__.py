import sys

from stack import python

# Before anything is imported that an older Python cannot read.
if complaint := python.complaint():
    sys.exit(f"marquee: {complaint}")

from stack.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
