"""Workers on demand: everything is imported once, and each line read forks one more. Prints its process id.

python -m tests.chaos.nursery
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys

import django

django.setup()

from dr_console.management import processes  # noqa: E402 (needs the settings)


def main() -> None:
    processes.import_for_workers()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for number, _line in enumerate(sys.stdin):
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            faulthandler.register(signal.SIGUSR2)  # says on request where each thread is
            processes.worker(f"chaos{number}", ["failover"])
        print(pid, flush=True)


if __name__ == "__main__":
    main()
