"""The processes of the console as one table. `manage.py up` starts them all, `manage.py serve NAME` one of them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial

import uvicorn
from django.conf import settings
from django.urls import get_resolver
from django.utils.module_loading import import_string

from dr_console.operations.heartbeats import Pulse
from dr_console.operations.listener import listen
from dr_console.operations.models import Heartbeat

STREAMS_END_WITHIN_SECONDS = 2


def web(listener: socket.socket | None = None, tell_ready: Callable[[], None] | None = None) -> None:
    """Serve pages over ASGI until SIGTERM. Without `listener`, on HOST and PORT."""
    listener = listener or listen(settings.HOST, settings.PORT)
    config = uvicorn.Config(
        "dr_console.asgi:application",
        log_config=None,
        access_log=False,
        server_header=False,
        # Who is believed about X-Forwarded-For is DR_TRUSTED_PROXIES' to say, not uvicorn's.
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=STREAMS_END_WITHIN_SECONDS,
    )
    server = _Server(config, tell_ready)
    Pulse("web", kind=Heartbeat.Kind.WEB).start()
    server.run(sockets=[listener])


def worker(name: str, queues: list[str]) -> None:
    """Carry out the tasks of these queues until SIGTERM."""
    from dr_console.celery import app  # noqa: PLC0415 (the first page does not wait for Celery's worker)

    hostname = f"{name}@{socket.gethostname()}"
    program = app.Worker(
        hostname=hostname, queues=queues, quiet=True, without_mingle=True, without_gossip=True, without_heartbeat=True
    )
    program.start()
    raise SystemExit(program.exitcode or 0)


def beat() -> None:
    """Ring for periodic tasks until SIGTERM."""
    from dr_console.celery import app  # noqa: PLC0415

    app.Beat(quiet=True, loglevel="INFO").run()


# One line a process.
PROCESSES: dict[str, Callable[[], None]] = {
    "web": web,
    "worker": partial(worker, "worker", [queue for queue in settings.DR_QUEUES if queue != "failover"]),
    # One that takes nothing else, so that nothing long can stand before a failover.
    "failover": partial(worker, "failover", ["failover"]),
    "beat": beat,
}


def import_for_web() -> None:
    """What serving the first page needs. In the supervisor, so that its children find it in memory."""
    for middleware in settings.MIDDLEWARE:
        import_string(middleware)
    _ = get_resolver().url_patterns
    uvicorn.Config("dr_console.asgi:application", log_config=None).get_loop_factory()


def import_for_workers() -> None:
    from celery.apps import beat, worker  # noqa: F401, PLC0415
    from celery.concurrency import thread  # noqa: F401, PLC0415
    from kombu.transport import redis  # noqa: F401, PLC0415

    from dr_console.celery import app  # noqa: PLC0415

    app.loader.import_default_modules()
    app.finalize()


class _Server(uvicorn.Server):
    """uvicorn, saying when it answers."""

    def __init__(self, config: uvicorn.Config, tell_ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._tell_ready = tell_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._tell_ready is not None:
            self._tell_ready()
