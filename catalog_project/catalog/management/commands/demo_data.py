from typing import Any

from django.core.management.base import BaseCommand

from catalog.demo.load import load_demo_data
from catalog.demo.posters import add_posters


class Command(BaseCommand):
    help = "Loads an invented cinema chain with two weeks of showtimes; again, it adds what is missing by now."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_demo_data()
        posters = add_posters()
        self.stdout.write(
            f"New: {loaded.movies} movies, {loaded.theaters} theaters, {loaded.screens} screens,"
            f" {loaded.showtimes} showtimes, {posters} posters."
        )
