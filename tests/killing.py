"""Processes that are killed, and are back."""

from concurrent.futures import ThreadPoolExecutor

from stack import control


def kill_and_wait(*names: str) -> None:
    """Kill all of them at once and wait until each is back."""
    killed = {name: control.kill(name) for name in names}
    with ThreadPoolExecutor(len(killed)) as pool:
        list(pool.map(lambda name: control.wait_restarted(name, killed[name], seconds=90), killed))
