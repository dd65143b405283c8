"""Page people while pagers are killed, their clocks are wrong, or the database is gone.

python -m tests.chaos.paging --climbs 12 --kills 30 [--ahead 30] [--outage 3] [--without-redis] [--database URL]

Nobody answers, so each ladder is climbed to its end. Prints one JSON object; ends with status 1 where a promise was
broken.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import django

from tests.chaos.paging_stage import Stage, staged

PAGERS = 3
ROUNDS = 2
# 0.6 s for each level, in the minutes that a policy is written in.
WAIT_MINUTES = 0.01
LEVELS = (("one", ["pagerduty"]), ("two", ["email"]), ("three", ["email"]))
MOST_SECONDS = 180.0


def main() -> int:
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="dr-console-paging-", ignore_cleanup_errors=True) as place:
        with staged(Path(place), options.database) as stage:
            django.setup()
            logging.disable(logging.INFO)
            set_up(options.climbs)
            report = play(stage, options)
            print(json.dumps(report, indent=1))
            if report["violations"]:
                print(stage.log.read_text()[-20_000:], file=sys.stderr)
    return 1 if report["violations"] else 0


def set_up(climbs: int) -> None:
    """The built-in plan with three people who can be written to, and so many climbs that are due at once."""
    from django.utils.timezone import now  # noqa: PLC0415 (Django is set up after the stage)

    from incidents.models import Contact, Escalation  # noqa: PLC0415
    from incidents.queries import paging  # noqa: PLC0415
    from tests import make  # noqa: PLC0415

    make.plan()
    for position, (key, _channels) in enumerate(LEVELS):
        contact = Contact.objects.create(key=key, position=100 + position, name=key.title(), kind="person")
        for number, kind in enumerate(("pagerduty", "email")):
            contact.channels.create(kind=kind, address=f"{key}@example.com", position=number)
    levels = [
        {
            "key": key,
            "wait_minutes": WAIT_MINUTES,
            "targets": [f"contact:{key}"],
            "channels": channels,
            "required_acknowledgements": 1,
        }
        for key, channels in LEVELS
    ]
    changed = {"levels": levels, "rounds": ROUNDS, "fallback": "", "reason": "declared", "why": {}}
    for _ in range(climbs):
        Escalation.objects.create(
            incident=make.incident(severity="P1"),
            number=1,
            severity="P1",
            snapshot=paging.snapshot("P1") | changed,
            next_at=now(),
        )


def play(stage: Stage, options: argparse.Namespace) -> dict[str, Any]:
    luck, began, kills = random.Random(options.seed), time.monotonic(), 0
    for number in range(PAGERS):
        stage.hire(options.ahead * (-1) ** number if number < 2 else 0.0)
    if options.without_redis:
        stage.redis.stop()
    if options.outage:
        time.sleep(1.0)
        with database_gone(stage):
            time.sleep(options.outage)
    while not is_done() and time.monotonic() - began < MOST_SECONDS:
        time.sleep(luck.uniform(0.05, 0.2))
        if kills < options.kills:
            stage.kill(luck.choice(sorted(stage.pagers)))
            stage.hire()
            kills += 1
    return told(stage, time.monotonic() - began, kills)


def is_done() -> bool:
    from dr_console.notifications.models import Delivery  # noqa: PLC0415
    from incidents.models import Escalation  # noqa: PLC0415

    going = Escalation.objects.filter(status__in=Escalation.DUE).exists()
    return not going and not Delivery.objects.filter(state__in=("queued", "sending")).exists()


@contextmanager
def database_gone(stage: Stage) -> Iterator[None]:
    """PostgreSQL cannot be reached; a file is held by somebody who does not let go."""
    if stage.line is not None:
        stage.line.cut()
        yield
        stage.line.mend()
        return
    from django.conf import settings  # noqa: PLC0415

    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=30, isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        yield
        held.execute("ROLLBACK")


def told(stage: Stage, seconds: float, kills: int) -> dict[str, Any]:
    from dr_console.notifications.models import Delivery  # noqa: PLC0415
    from incidents.models import Escalation  # noqa: PLC0415
    from incidents.queries.paging import RAN_OUT  # noqa: PLC0415
    from tests.chaos.paging_promises import violations  # noqa: PLC0415

    states = Delivery.objects.values_list("state", flat=True)
    return {
        "seconds": round(seconds, 1),
        "climbs": Escalation.objects.count(),
        # On a busy machine the last level may be over before the first message was taken.
        "ran out": Escalation.objects.filter(status__in=RAN_OUT).count(),
        "kills": kills,
        "messages": {state: list(states).count(state) for state in sorted(set(states))},
        "violations": violations(stage.sandbox),
    }


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--climbs", type=int, default=12)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--ahead", type=float, default=0.0, help="of two pagers, one's clock is so many seconds ahead")
    parser.add_argument("--outage", type=float, default=0.0, help="the database is gone for so many seconds")
    parser.add_argument("--without-redis", action="store_true", help="Redis is stopped before anybody pages")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="address of a PostgreSQL server; without it, SQLite")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
