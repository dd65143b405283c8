"""Changes something at a steady rate; each event's name says when its writing began, by the clock of this machine."""

from __future__ import annotations

import sys
import threading
import time

import django


def write(rate: float, seconds: float) -> None:
    from django.db import connection, transaction  # noqa: PLC0415

    from dr_console.live.publish import nudge  # noqa: PLC0415

    began = time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        at = time.monotonic_ns()
        with transaction.atomic():
            nudge("console", f"t{at}")
            if connection.vendor == "postgresql":
                time.sleep(0.005)  # commits overtake each other, as they do when something is done in between
    connection.close()


def main(rate: str, seconds: str, writers: str) -> None:
    django.setup()
    count = int(writers)
    threads = [threading.Thread(target=write, args=(float(rate) / count, float(seconds))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
