"""PostgreSQL without a managed service: pg_dump to the object store and back.

https://www.postgresql.org/docs/current/app-pgdump.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _
from psycopg import sql

from dr_console.errors import Problem, ProviderError
from dr_console.providers import dump_commands, dump_files
from dr_console.providers.capabilities.dumps import Manifest
from dr_console.providers.capabilities.objects import ObjectStore, Written
from dr_console.providers.deadlines import Deadline
from dr_console.providers.dump_commands import Program

VENDOR = "PostgreSQL"
DUMP = _("dump the database")
VERIFY = _("verify the dump")
RESTORE = _("restore the dump")
CONTENT_TYPE = "application/vnd.postgresql.custom"
CONNECT_SECONDS = 5
OPTIONS = ("sslmode", "sslrootcert")  # of the address, which libpq also reads as PGSSLMODE, …


class PostgresDump:
    """One database. `url`: postgres://user:password@host:port/name. `binaries`: where pg_dump is, if not in PATH."""

    def __init__(self, url: str, *, binaries: Path | None = None) -> None:
        self._url, self._binaries = url, binaries
        self._parts = urlsplit(url)

    @property
    def database(self) -> str:
        return unquote(self._parts.path.lstrip("/"))

    def dump(self, store: ObjectStore, key: str, *, deadline: Deadline) -> Manifest:
        program = self._program("pg_dump", DUMP, deadline)
        with self._connected(DUMP, deadline) as connection:
            server, size = self._about(connection)
        tool = program.version()
        try:
            chunks = program.output(["--format=custom", "--no-password", f"--dbname={self.database}"])

            def about(written: Written) -> Manifest:
                listed = self._listed(store, key, deadline)
                made_at = now().isoformat()
                return Manifest(key, self.database, written.sha256, written.size, server, tool, made_at, listed)

            # Compressed, it is smaller than the database: what is expected only has to be enough.
            return dump_files.write(
                store,
                key,
                chunks,
                content_type=CONTENT_TYPE,
                expected_bytes=size,
                about=about,
                deadline=deadline,
            )
        except ProviderError as error:
            raise _in_plain_words(error, tool, server) from None

    def verify(self, store: ObjectStore, key: str, *, deadline: Deadline) -> Manifest:
        said = dump_files.manifest(store, key, operation=VERIFY, deadline=deadline)
        program = self._program("pg_restore", VERIFY, deadline)
        chunks = dump_files.content(store, said, operation=VERIFY, deadline=deadline)
        try:
            tables = _tables(program.fed(["--list"], chunks))
        except ProviderError as error:
            raise _in_plain_words(error, program.version(), said.tool) from None
        if tables != said.tables:
            words = f"{key} lists {tables} tables with data, and had {said.tables} when it was made."
            raise ProviderError(VENDOR, VERIFY, Problem.FAILED, said=words, permanent=True)
        return said

    def restore(self, store: ObjectStore, key: str, database: str, *, deadline: Deadline) -> Manifest:
        said = dump_files.manifest(store, key, operation=RESTORE, deadline=deadline)
        program = self._program("pg_restore", RESTORE, deadline)
        self._make(database, deadline)
        options = ["--exit-on-error", "--no-owner", "--no-privileges", "--single-transaction", "--no-password"]
        chunks = dump_files.content(store, said, operation=RESTORE, deadline=deadline)
        try:
            program.fed([*options, f"--dbname={database}"], chunks, changes=True)
        except ProviderError as error:
            self._drop(database)
            raise _in_plain_words(error, program.version(), said.tool) from None
        return said

    def _listed(self, store: ObjectStore, key: str, deadline: Deadline) -> int:
        """Tables with data that pg_restore finds in what is in the store now."""
        program = self._program("pg_restore", DUMP, deadline)
        with store.open(key, deadline=deadline) as body:
            return _tables(program.fed(["--list"], body))

    def _program(self, name: str, operation: str, deadline: Deadline) -> Program:
        path = dump_commands.find(name, within=self._binaries)
        if path is None:
            said = f"{name} is not installed on this machine; on Debian it is in postgresql-client."
            raise ProviderError(VENDOR, operation, Problem.SETTINGS, said=said, permanent=True)
        return Program(path, VENDOR, operation, deadline, self._environment(), (unquote(self._parts.password or ""),))

    def _environment(self) -> dict[str, str]:
        parts = self._parts
        given = {
            "PGHOST": parts.hostname or "",
            "PGPORT": str(parts.port or ""),
            "PGUSER": unquote(parts.username or ""),
            "PGPASSWORD": unquote(parts.password or ""),
            "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS),
            "PGAPPNAME": "dr-console",
        }
        query = parse_qs(parts.query)
        given |= {f"PG{name.upper()}": query[name][0] for name in OPTIONS if name in query}
        return {name: value for name, value in given.items() if value}

    @contextmanager
    def _connected(self, operation: str, deadline: Deadline) -> Iterator[psycopg.Connection[Any]]:
        left = max(1, int(deadline.left()))
        try:
            with psycopg.connect(self._url, connect_timeout=min(CONNECT_SECONDS, left), autocommit=True) as connection:
                connection.execute(f"SET statement_timeout = {left * 1000}")
                yield connection
        except psycopg.Error as error:
            said = str(error).replace(unquote(self._parts.password or "") or "\0", "•••")
            raise Program(Path(), VENDOR, operation, deadline).complaint(said) from None

    @staticmethod
    def _about(connection: psycopg.Connection[Any]) -> tuple[str, int]:
        found = connection.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database())"
        ).fetchone()
        assert found is not None
        return f"PostgreSQL {found[0]}", int(found[1])

    def _make(self, database: str, deadline: Deadline) -> None:
        with self._connected(RESTORE, deadline) as connection:
            try:
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database)))
            except psycopg.errors.DuplicateDatabase:
                said = f"There is already a database “{database}”."
                raise ProviderError(VENDOR, RESTORE, Problem.REFUSED, said=said, permanent=True) from None

    def _drop(self, database: str) -> None:
        with self._connected(RESTORE, Deadline.after(CONNECT_SECONDS)) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _tables(listed: str) -> int:
    return sum(1 for line in listed.splitlines() if " TABLE DATA " in line and not line.startswith(";"))


def _in_plain_words(error: ProviderError, tool: str, other: str) -> ProviderError:
    """A program that is older than what it is given says so in words that only its makers understand."""
    if error.vendor == VENDOR and ("version mismatch" in error.said or "unsupported version" in error.said):
        error.said = f"{tool} on this machine is older than {other}; install a client that is at least as new."
        error.permanent = True
    return error
