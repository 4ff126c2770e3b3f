import sys

from stack import python

# Before anything is imported that an older Python cannot read.
complaint = python.complaint()
if complaint:
    sys.exit("marquee: " + complaint)

from stack.cli import main  # noqa: E402

if __name__ == "__main__":
    raise SystemExit(main())
