"""The processes of the console as one table. `manage.py up` starts them all, `manage.py serve NAME` one of them."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module

import uvicorn
from django.conf import settings
from django.template import Engine
from django.urls import get_resolver
from django.utils.module_loading import import_string

from dr_console.audit import origin
from dr_console.env import WrongSetting
from dr_console.management.standing_in import StandIn
from dr_console.notifications.tokens import vendors_base
from dr_console.operations.heartbeats import Pulse
from dr_console.operations.listener import listen
from dr_console.operations.models import Heartbeat
from dr_console.sandbox.ports import Options, PortRefused, Ports

# `make check` has checked every model; doing so again would make each worker's memory its own.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

STREAMS_END_WITHIN_SECONDS = 2
# Imported by uvicorn, Django and Celery only once they run. Imported before the fork, all processes share them.
WEB_MODULES = (
    "django.core.asgi",
    "django.db.models.sql.compiler",
    "servestatic",
    "uvicorn.lifespan.off",
    "uvicorn.loops.asyncio",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.h11_impl",
)
WORKER_MODULES = (
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.apps.worker",
    "celery.beat",
    "celery.concurrency.thread",
    "celery.events.dispatcher",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.control",
    "celery.worker.loops",
    "celery.worker.pidbox",
    "celery.worker.strategy",
    "dr_console.management.watch",
    "dr_console.operations.scheduler",
    "dr_console.runs.sweeper",
    "kombu.transport.redis",
)


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
    StandIn().start()
    server.run(sockets=[listener])


def worker(name: str, queues: list[str]) -> None:
    """Carry out the tasks of these queues until SIGTERM."""
    from celery.exceptions import SecurityWarning  # noqa: PLC0415 (the first page does not wait for Celery's worker)

    from dr_console.celery import app  # noqa: PLC0415

    # That root could run what a message pickles: our messages are JSON.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    origin.this_process_is(origin.WORKER)
    hostname = f"{name}@{socket.gethostname()}"
    program = app.Worker(
        hostname=hostname, queues=queues, quiet=True, without_mingle=True, without_gossip=True, without_heartbeat=True
    )
    program.start()
    raise SystemExit(program.exitcode or 0)


def watch() -> None:
    """Health checks, the sweeper of runs and the scheduler's bell in one: two processes fewer to hold in memory."""
    from dr_console.celery import app  # noqa: PLC0415
    from dr_console.management.watch import ring, watch  # noqa: PLC0415
    from dr_console.runs.sweeper import start  # noqa: PLC0415

    ring(app)
    sweeper = start()
    try:
        watch()
    finally:
        sweeper.stop()


def sandbox_options() -> Options:
    return Options(
        port=settings.DR_SANDBOX_PORT,
        dns_port=settings.DR_SANDBOX_DNS_PORT,
        smtp_port=settings.DR_SANDBOX_SMTP_PORT,
        speed=settings.DR_SANDBOX_SPEED,
        console=vendors_base(),
    )


def sandbox_ports() -> Ports:
    """Bound before anything is started, so that a port in use is told at once. Raises WrongSetting."""
    try:
        return Ports.bind(sandbox_options())
    except PortRefused as refused:
        raise refused_port(refused) from None


def refused_port(refused: PortRefused) -> WrongSetting:
    return WrongSetting(f"DR_SANDBOX_{refused.option.upper().replace('-', '_')}", refused.why)


def sandbox(ports: Ports | None = None) -> None:
    """The pretend clouds, until SIGTERM."""
    from dr_console.sandbox.serving import serve  # noqa: PLC0415 (live mode never needs it)

    serve(sandbox_options(), ports or sandbox_ports())


# One line a process.
PROCESSES: dict[str, Callable[[], None]] = {
    "web": web,
    "worker": partial(worker, "worker", [queue for queue in settings.DR_QUEUES if queue != "failover"]),
    # One that takes nothing else, so that nothing long can stand before a failover.
    "failover": partial(worker, "failover", ["failover"]),
    "watch": watch,
    **({"sandbox": sandbox} if settings.DR_MODE == "sandbox" else {}),
}


def import_for_web() -> None:
    """What serving the first page needs. In the supervisor, so that its children find it in memory, and share it."""
    for module in (*WEB_MODULES, settings.SESSION_ENGINE):
        import_module(module)
    for name in (*settings.MIDDLEWARE, settings.ACCOUNT_ADAPTER, settings.FORM_RENDERER):
        import_string(name)
    engine = Engine.get_default()
    _ = engine.template_context_processors, engine.template_loaders, get_resolver().url_patterns


def import_for_workers() -> None:
    """The same for the workers and the scheduler."""
    for module in WORKER_MODULES:
        import_module(module)
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
