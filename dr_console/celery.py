"""The Celery app, and every periodic task in one table.

Beat only rings: what is due stands in the database, and a task that is lost or doubled does no harm.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, bootsteps
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dr_console.settings")

app = Celery("dr_console")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _answer_on(queue: str) -> dict[str, Any]:
    # A ring that nobody took within the minute is void: a worker that comes back finds one on its queue, not a pile.
    options = {"queue": queue, "expires": 60}
    return {"task": "operations.answer_on_queue", "schedule": 10.0, "args": [queue], "options": options}


app.conf.beat_schedule = {
    **{f"answer on {queue}": _answer_on(queue) for queue in settings.DR_QUEUES},
    "forget processes that are gone": {"task": "operations.forget_the_gone", "schedule": 3600.0},
    "prune live events": {"task": "live.prune_events", "schedule": 600.0},
    "prune samples": {"task": "incidents.prune_samples", "schedule": 3600.0},
}


if settings.DR_MODE == "live":
    # The sandbox's vendors change by nobody's hand but ours: they are checked when somebody asks. To keep asking would
    # also keep all of its AWS in memory.
    app.conf.beat_schedule["check the vendors"] = {
        "task": "operations.check_providers",
        "schedule": 300.0,
        "options": {"queue": "probes", "expires": 240},
    }


if settings.DR_PROMETHEUS_URL:
    app.conf.beat_schedule["read Prometheus"] = {
        "task": "incidents.read_prometheus",
        "schedule": 10.0,
        "options": {"queue": "probes", "expires": 10},
    }


class HeartbeatStep(bootsteps.StartStopStep):
    """Each worker says that it is alive, whether or not beat is."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        # Models cannot be imported before Django's apps are ready, and the app above is needed to make them so.
        from dr_console.operations.heartbeats import Pulse  # noqa: PLC0415
        from dr_console.operations.models import Heartbeat  # noqa: PLC0415

        self.pulse = Pulse(parent.hostname.split("@")[0], kind=Heartbeat.Kind.WORKER)

    def start(self, parent: Any) -> None:
        self.pulse.start()

    def stop(self, parent: Any) -> None:
        self.pulse.stop()


class MessagesStep(bootsteps.StartStopStep):
    """The worker that takes messages looks for those that nobody rang for, too."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        from dr_console.notifications.poller import Poller  # noqa: PLC0415 (as above)

        self.enabled = "notify" in parent.app.amqp.queues.consume_from
        self.poller = Poller()

    def start(self, parent: Any) -> None:
        self.poller.start()

    def stop(self, parent: Any) -> None:
        self.poller.stop()


class SweeperStep(bootsteps.StartStopStep):
    """The worker that carries runs out also looks for steps that nobody is at: with Redis gone, nobody rings."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self.enabled = "failover" in parent.app.amqp.queues.consume_from
        self.sweeper: Any = None

    def start(self, parent: Any) -> None:
        from dr_console.runs import sweeper  # noqa: PLC0415 (as above)

        self.sweeper = sweeper.start()

    def stop(self, parent: Any) -> None:
        if self.sweeper is not None:
            self.sweeper.stop()


app.steps["worker"].update((HeartbeatStep, MessagesStep, SweeperStep))
