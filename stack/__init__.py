"""The whole system on one machine without containers: `python3 -m stack up`.

Everything here needs the standard library only, because it also runs before there is a virtual environment. The
supervising itself is supervisord's.
"""
