"""moto, of which a process can have only one: loaded when first asked, in a thread of its own, on the world's clock.

https://docs.getmoto.org/ knows the shape of AWS's calls. Time, quotas and what it lacks are the business of cloud.py.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from threading import RLock
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from dr_console.sandbox.aws.answers import Reply
from dr_console.sandbox.clock import Clock
from dr_console.sandbox.world import World

T = TypeVar("T")
UNDERSCORED = "x-amz-meta-"

# Whoever touches moto's state holds it: the thread below, and what falls due on the world's clock.
lock = RLock()


class _Time:
    """The clock that moto asks, which is that of the world of the moment."""

    clock: Clock | None = None

    @classmethod
    def utcnow(cls) -> datetime:
        now = cls.clock.moment() if cls.clock else datetime.fromtimestamp(0, UTC)
        return now.replace(tzinfo=None)


@lru_cache(maxsize=1)
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="moto")


async def in_thread(do: Callable[[], T]) -> T:
    """Have `do` done where moto may be touched, without holding up the loop."""
    context = contextvars.copy_context()

    def locked() -> T:
        with lock:
            return do()

    return await asyncio.get_running_loop().run_in_executor(_thread(), context.run, locked)


@lru_cache(maxsize=1)
def _load() -> Any:
    """The WSGI app. Takes half a second and 30 MB; each service takes some more when it is first asked for."""
    # AWS's own policies are 175,000 lines, and nobody here reads them.
    policies = ModuleType("moto.iam.aws_managed_policies")
    policies.aws_managed_policies_data = "{}"  # type: ignore[attr-defined]
    sys.modules[policies.__name__] = policies
    # `manage.py up` leaves jinja2 out of its processes, and flask, which moto stands on, cannot do without.
    if sys.modules.get("jinja2", policies) is None:
        del sys.modules["jinja2"]
    import moto.core.utils as utils  # noqa: PLC0415 (an idle sandbox stays small without it)

    original = utils.utcnow
    utils.utcnow = _Time.utcnow
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.") and getattr(module, "utcnow", None) is original:
            module.utcnow = _Time.utcnow  # type: ignore[attr-defined]
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 (as above)
        DomainDispatcherApplication,
        create_backend_app,
    )

    return DomainDispatcherApplication(create_backend_app)


def start(world: World) -> None:
    """Load moto if need be, and forget whatever an earlier world had put into it."""
    _Time.clock = world.clock
    _load()
    from moto.core.base_backend import BackendDict  # noqa: PLC0415 (as above)
    from moto.moto_api._internal import mock_random  # noqa: PLC0415 (as above)

    BackendDict.reset()
    mock_random.seed(world.seed)


def backend(service: str, account: str, region: str) -> Any:
    """moto's own objects of a service: what is in them is what it answers with."""
    from moto.backends import get_backend  # noqa: PLC0415 (as above)

    return get_backend(service)[account][region]  # type: ignore[call-overload]


def backends(service: str, account: str) -> list[Any]:
    """The same of every region that was asked for anything."""
    from moto.backends import get_backend  # noqa: PLC0415 (as above)

    return list(get_backend(service)[account].values())  # type: ignore[call-overload]


def ask(method: str, path: str, query: bytes, headers: Iterable[tuple[str, str]], body: bytes, account: str) -> Reply:
    """One request to moto. `path`: as it was sent, with its percent signs. Raises whatever moto raises."""
    environ = _environ(method, path, query, headers, body, account)
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = [int(status.split(" ", 1)[0]), headers]
        return lambda data: None

    answer = _load()(environ, start_response)
    try:
        content = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    status, given = started
    return Reply(status, {name.lower(): value for name, value in given}, content)


def _environ(
    method: str, path: str, query: bytes, headers: Iterable[tuple[str, str]], body: bytes, account: str
) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "RAW_URI": path + (f"?{query.decode('latin-1')}" if query else ""),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    # WSGI knows no difference between - and _, which in S3's metadata there is.
    spelled: dict[str, str] = {}
    for name, value in headers:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        if "_" in name and name.lower().startswith(UNDERSCORED):
            spelled[key] = name
        environ[key] = f"{environ[key]},{value}" if key in environ and key.startswith("HTTP_X_AMZ") else value
    environ["moto.preserved_header_names"] = spelled
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ
