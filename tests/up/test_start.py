"""`manage.py up` on an empty folder: what a person gets who has just cloned the repository."""

from __future__ import annotations

import re
import signal
import stat

import httpx
import pytest

from tests.running import all_gone

pytestmark = pytest.mark.processes


def log_in(console, password: str) -> httpx.Client:
    client = httpx.Client(base_url=console.address, follow_redirects=True, timeout=30)
    page = client.get("/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, page.text
    form = {"login": "admin", "password": password, "csrfmiddlewaretoken": token[1]}
    client.post("/accounts/login/", data=form, headers={"Referer": console.address})
    return client


def test_one_command_ends_at_a_page_of_the_plan(up):
    with up() as console:
        console.program.wait_for(f"DR Console is at {console.address}")
        password = console.program.wait_for(r"Log in as admin with the password (\S+)")[0]
        assert console.get("/", follow_redirects=True).status_code == 200
        home = log_in(console, password).get("/")
        assert home.status_code == 200
        assert "accounts/login" not in str(home.url)
        console.wait_until_ready()
        assert "Traceback" not in console.program.printed


def test_every_line_of_a_process_has_its_name(up):
    with up() as console:
        console.wait_until_ready()
        console.program.signal(signal.SIGTERM).wait(15)
    named = re.compile(r"\d\d:\d\d:\d\d (system|redis|web|worker|failover|watch|sandbox) +\| ")
    to_the_person = re.compile(r"Making the database ready|DR Console is at|Log in as|Ctrl-C stops it|^$")
    assert [line for line in console.program.lines if not named.match(line) and not to_the_person.match(line)] == []


def test_the_second_start_keeps_what_the_first_one_made(up):
    with up(DR_ADMIN_PASSWORD="correct horse battery") as console:
        console.program.wait_for("Ctrl-C stops it")
        console.program.wait_for("Log in as admin, or as yourself")
        assert "with the password" not in console.program.printed  # whoever chose it knows it
        client = log_in(console, "correct horse battery")
        console.program.signal(signal.SIGTERM).wait(15)
    with up(PORT=console.environment["PORT"]) as again:
        again.program.wait_for("Ctrl-C stops it")
        assert "with the password" not in again.program.printed
        assert "accounts/login" not in str(client.get("/").url)  # the same secret key: the login still stands


def test_what_it_makes_up_is_for_its_owner_only(up):
    with up() as console:
        console.program.wait_for("web started")
        for name in ("secret-key", "redis-url"):
            assert stat.S_IMODE((console.folder / name).stat().st_mode) == 0o600
        password = (console.folder / "redis-url").read_text().split(":")[2].split("@")[0]
        console.program.wait_for("watch started")
        assert password not in console.program.printed
        console.program.signal(signal.SIGTERM).wait(15)
    assert (console.folder / "secret-key").exists()
    assert not (console.folder / "redis-url").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_within_ten_seconds(up, number):
    with up() as console:
        console.wait_until_ready()
        # A page that holds its stream open must not hold up the end.
        client = log_in(console, console.program.wait_for(r"Log in as admin with the password (\S+)")[0])
        with client.stream("GET", "/live/console/") as stream:
            assert stream.status_code == 200
            processes = console.program.descendants()
            assert len(processes) == 6
            assert console.program.signal(number).wait(10) == 0
            assert all_gone(processes, within=0.5)
    assert console.program.lines[-1].endswith("redis stopped")


def test_nothing_outlives_a_console_that_was_killed(up):
    with up() as console:
        console.wait_until_ready()
        processes = console.program.descendants()
        console.program.signal(signal.SIGKILL).wait()
        assert all_gone(processes, within=10)
