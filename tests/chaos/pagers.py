"""Processes that climb ladders and send messages, on demand: each line read forks one more. Prints its process id.

python -m tests.chaos.pagers

A line is how many seconds the clock of the new one is ahead of this host's.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from datetime import UTC, datetime, timedelta

import django
import time_machine

django.setup()

from dr_console.management import processes  # noqa: E402 (needs the settings)
from dr_console.notifications import claims, limits  # noqa: E402
from dr_console.notifications.poller import Poller  # noqa: E402
from dr_console.runs import registry  # noqa: E402
from dr_console.runs.sweeper import Sweeper  # noqa: E402

LOOKS_EVERY_SECONDS = 0.1
# Short, so that little time passes until what a dead one was sending is taken up.
LEASE = timedelta(seconds=4)


def main() -> None:
    processes.import_for_workers()
    registry.chores()
    claims.LEASE = LEASE
    # Kills are tried here, and not how often one address may be written to in a minute.
    limits.RULES.clear()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            page(float(line))
        print(pid, flush=True)


def page(ahead: float) -> None:
    """For ever. Where the clock is right it is not touched."""
    faulthandler.register(signal.SIGUSR2)  # says on request where each thread is
    if ahead:
        time_machine.travel(datetime.now(UTC) + timedelta(seconds=ahead), tick=True).start()
    Poller(every=LOOKS_EVERY_SECONDS).start()
    Sweeper(every=LOOKS_EVERY_SECONDS, rings=False).run()


if __name__ == "__main__":
    main()
