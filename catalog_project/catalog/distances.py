"""Points on the earth, in degrees: how far one is from another, and between which of them all within a distance are.

The formula of the half-versed sine (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984), on a sphere
of the earth's mean radius: within 0.6 % of the way along the ground.
"""

from dataclasses import dataclass
from math import asin, cos, degrees, radians, sin, sqrt

EARTH_KM = 6371.009
# A sphere's hair: what lies on the very edge of a circle is within it.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Box:
    """west > east: it reaches over the date line."""

    south: float
    north: float
    west: float
    east: float


def kilometres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    north, east = radians(other_latitude - latitude), radians(other_longitude - longitude)
    half = sin(north / 2) ** 2 + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(east / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def box_around(latitude: float, longitude: float, radius: float) -> Box:
    """The smallest box of parallels and meridians with all that is within radius kilometres of the point."""
    angle = radius / EARTH_KM
    north, south = latitude + degrees(angle) + _SLACK, latitude - degrees(angle) - _SLACK
    if north >= 90 or south <= -90:  # it has a pole in it, and there every meridian
        return Box(max(south, -90.0), min(north, 90.0), -180.0, 180.0)
    width = degrees(asin(min(1.0, sin(angle) / cos(radians(latitude))))) + _SLACK
    west, east = longitude - width, longitude + width
    return Box(south, north, west + 360 if west < -180 else west, east - 360 if east > 180 else east)
