"""The console as people meet it: uvicorn serving ASGI from a thread, on the test database."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler

from dr_console import asgi


@contextlib.contextmanager
def serve() -> Iterator[str]:
    """Serve the console on a free port; gives its address, without a slash at the end.

    pytest-django's own live_server speaks WSGI, which holds Server-Sent Events back until the stream ends.
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # Static files come from the sources: nothing has collected them.
    application = ASGIStaticFilesHandler(asgi.application)
    config = uvicorn.Config(application, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="uvicorn", daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "uvicorn did not start"
            assert time.monotonic() < until, "uvicorn did not start in 20 s"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
