"""MySQL and MariaDB without a managed service: mysqldump to the object store and back.

https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html
"""

from __future__ import annotations

import os
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.utils.timezone import now

from dr_console.errors import Problem, ProviderError
from dr_console.providers import dump_commands, dump_files
from dr_console.providers.capabilities.dumps import Manifest
from dr_console.providers.capabilities.objects import ObjectStore, Written
from dr_console.providers.database_dump import DUMP, RESTORE, VERIFY
from dr_console.providers.deadlines import Deadline
from dr_console.providers.dump_commands import Program

VENDOR = "MySQL"
CONTENT_TYPE = "application/gzip"
DUMPERS = ("mysqldump", "mariadb-dump")
CLIENTS = ("mysql", "mariadb")
OPTIONS = ("--single-transaction", "--quick", "--routines", "--triggers", "--hex-blob", "--no-tablespaces")
END = b"-- Dump completed"
GZIP = 16 + zlib.MAX_WBITS


class MySqlDump:
    """One database of InnoDB tables. `url`: mysql://user:password@host:port/database."""

    def __init__(self, url: str, *, binaries: Path | None = None) -> None:
        self._parts, self._binaries = urlsplit(url), binaries

    @property
    def database(self) -> str:
        return unquote(self._parts.path.lstrip("/"))

    def dump(self, store: ObjectStore, key: str, *, deadline: Deadline) -> Manifest:
        with self._program(DUMPERS, DUMP, deadline) as (program, login):
            size = int(self._ask(SIZE % _quoted(self.database), DUMP, deadline) or 0)
            server, tool = self._ask("SELECT VERSION()", DUMP, deadline), program.version()
            reading = _Reading(program.output([login, *OPTIONS, self.database]))

            def about(written: Written) -> Manifest:
                made_at = now().isoformat()
                return Manifest(
                    key, self.database, written.sha256, written.size, f"MySQL {server}", tool, made_at, reading.tables
                )

            return dump_files.write(
                store,
                key,
                _zipped(reading.to_its_end(DUMP)),
                content_type=CONTENT_TYPE,
                expected_bytes=size,
                about=about,
                deadline=deadline,
            )

    def verify(self, store: ObjectStore, key: str, *, deadline: Deadline) -> Manifest:
        said = dump_files.manifest(store, key, operation=VERIFY, deadline=deadline)
        reading = _Reading(_unzipped(dump_files.content(store, said, operation=VERIFY, deadline=deadline)))
        for _chunk in reading.to_its_end(VERIFY):
            pass
        return said

    def restore(self, store: ObjectStore, key: str, database: str, *, deadline: Deadline) -> Manifest:
        said = dump_files.manifest(store, key, operation=RESTORE, deadline=deadline)
        if self._ask(f"SHOW DATABASES LIKE {_quoted(database)}", RESTORE, deadline):
            words = f"There is already a database “{database}”."
            raise ProviderError(VENDOR, RESTORE, Problem.REFUSED, said=words, permanent=True)
        name = "`" + database.replace("`", "``") + "`"
        self._ask(f"CREATE DATABASE {name} CHARACTER SET utf8mb4", RESTORE, deadline)
        reading = _Reading(_unzipped(dump_files.content(store, said, operation=RESTORE, deadline=deadline)))
        try:
            with self._program(CLIENTS, RESTORE, deadline) as (program, login):
                program.fed([login, database], reading.to_its_end(RESTORE), changes=True)
        except ProviderError:
            self._ask(f"DROP DATABASE {name}", RESTORE, Deadline.after(10))
            raise
        return said

    def _ask(self, question: str, operation: str, deadline: Deadline) -> str:
        with self._program(CLIENTS, operation, deadline) as (program, login):
            return program.fed([login, "--batch", "--skip-column-names"], [f"{question};\n".encode()]).strip()

    @contextmanager
    def _program(self, names: tuple[str, ...], operation: str, deadline: Deadline) -> Iterator[tuple[Program, str]]:
        """The program, and its first argument: a file with the password, which goes away."""
        path = dump_commands.find(*names, within=self._binaries)
        if path is None:
            said = f"{names[0]} is not installed on this machine; on Debian it is in mariadb-client."
            raise ProviderError(VENDOR, operation, Problem.SETTINGS, said=said, permanent=True)
        with tempfile.NamedTemporaryFile("w", prefix="dr-console-", suffix=".cnf") as file:
            os.chmod(file.name, 0o600)
            file.write(self._options())
            file.flush()
            password = unquote(self._parts.password or "")
            yield Program(path, VENDOR, operation, deadline, {}, (password,)), f"--defaults-extra-file={file.name}"

    def _options(self) -> str:
        parts = self._parts
        given = {
            "host": parts.hostname or "127.0.0.1",
            "port": str(parts.port or 3306),
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
        }
        lines = [f'{name}="{_escaped(value)}"' for name, value in given.items() if value]
        return "\n".join(["[client]", *lines, "loose-connect-timeout=5", ""])


SIZE = "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = %s"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


class _Reading:
    """A dump as text that goes by: how many tables it has, and whether it came to its end."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._tail = b""
        self.tables = 0

    def to_its_end(self, operation: str) -> Iterator[bytes]:
        line = b""
        for chunk in self._chunks:
            text = line + chunk
            cut = text.rfind(b"\n") + 1
            self.tables += len(re.findall(rb"(?m)^CREATE TABLE ", text[:cut]))
            line = text[cut:][:64]
            self._tail = (self._tail + chunk)[-200:]
            yield chunk
        if END not in self._tail:
            said = "The dump breaks off: it does not end as a complete one does."
            raise ProviderError(VENDOR, operation, Problem.FAILED, said=said)


def _zipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(6, zlib.DEFLATED, GZIP)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def _unzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(GZIP)
    try:
        for chunk in chunks:
            yield unpacker.decompress(chunk)
    except zlib.error as error:
        raise ProviderError(VENDOR, VERIFY, Problem.FAILED, said=f"The dump is damaged: {error}.") from None
    yield unpacker.flush()
