"""The five services: who has which project, database and port (the usual ones)."""

from dataclasses import dataclass
from pathlib import Path

from stack.errors import StackError
from stack.instance import ROOT


@dataclass(frozen=True)
class Service:
    """One Django project with its own database, web process, worker and relay."""

    name: str
    app: str
    port: int
    database: str
    role: str
    database_port: int
    worker_concurrency: int
    queue: str

    @property
    def project(self) -> str:
        return f"{self.name}_project"

    @property
    def folder(self) -> Path:
        return ROOT / self.project

    @property
    def packages(self) -> list[str]:
        """The Python packages of its folder, its tests left out: its app, its settings, and what else there is."""
        return sorted({path.parent.name for path in self.folder.glob("*/*.py")} - {"tests"})


SERVICES = (
    Service("auth", "accounts", 8001, "auth_db", "auth_user", 5433, 2, "auth_queue"),
    Service("catalog", "catalog", 8002, "movies_db", "movie_user", 5434, 2, "catalog_queue"),
    Service("booking", "bookings", 8003, "bookings_db", "booking_user", 5435, 4, "booking_queue"),
    Service("payment", "payments", 8004, "payments_db", "payment_user", 5436, 4, "payment_queue"),
    Service(
        "notify",
        "notifications",
        8005,
        "notifications_db",
        "notification_user",
        5437,
        4,
        "notification_queue",
    ),
)
NAMES = tuple(service.name for service in SERVICES)
# The shop: a Django project as well, with no database, worker or relay of its own.
FRONTEND = "frontend"
FRONTEND_FOLDER = ROOT / "frontend_project"
FRONTEND_PORT = 8006


def service_named(name: str) -> Service:
    """The service of this name, its project's name will do as well; raises StackError for any other."""
    for service in SERVICES:
        if name in (service.name, service.project):
            return service
    raise StackError(f"there is no service {name!r}; there are {', '.join(NAMES)}")
