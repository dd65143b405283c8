"""What `manage.py up` cannot start with: one sentence that names the setting, status 2, and nothing left behind."""

from __future__ import annotations

import socket
import sys

import pytest

from tests.running import running

pytestmark = [pytest.mark.processes, pytest.mark.one_database]


def refused(settings: dict[str, str], *, command: str = "up") -> str:
    """The one sentence that such a start prints."""
    with running([sys.executable, "manage.py", *command.split()], settings) as program:
        assert program.wait(60) == 2, program.printed
        assert program.descendants() == set()
    assert "Traceback" not in program.printed
    said = [line for line in program.lines if " | " not in line]
    assert len(said) == 1, program.printed
    return said[0]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"PORT": "eighty"}, "PORT: “eighty” is not a whole number"),
        ({"HOST": "192.0.2.1"}, "HOST: “192.0.2.1” is no address of this machine"),
        ({"DR_MODE": "life"}, "DR_MODE: “life” is not one of: sandbox, live"),
        ({"DR_MODE": "live"}, "SECRET_KEY: live mode needs"),
        ({"DATABASE_URL": "postgres://ada:hunter2@127.0.0.1:1/console"}, "DATABASE_URL: the database cannot be used"),
        ({"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}, "REDIS_URL: no Redis answers"),
        ({"DR_DATA_DIR": "/dev/null/var"}, "DR_DATA_DIR: /dev/null/var cannot be written"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_named(settings_for, wrong, sentence):
    said = refused(settings_for(**wrong))
    assert said.startswith(sentence)
    assert "hunter2" not in said


@pytest.mark.parametrize("command", ["up", "serve web"])
def test_a_port_in_use(settings_for, command):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert refused(settings_for(PORT=port), command=command).startswith(f"PORT: {port} is in use")


@pytest.mark.parametrize("name", ["DR_SANDBOX_PORT", "DR_SANDBOX_DNS_PORT", "DR_SANDBOX_SMTP_PORT"])
@pytest.mark.parametrize("command", ["up", "sandbox"])
def test_a_port_of_the_sandbox_in_use(settings_for, command, name):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        said = refused(settings_for(**{name: port}), command=command)
    assert said == f"{name}: {port} is in use by another program. Stop that, or choose another."


def test_a_second_start_on_the_same_folder(up, settings_for):
    with up() as console:
        console.program.wait_for("web started")
        said = refused(settings_for())
        assert said.startswith(f"DR_DATA_DIR: {console.folder} is in use by another `manage.py up`")
        assert str(console.program.process.pid) in said
        assert console.get("/healthz").status_code == 200  # the first one goes on undisturbed


def test_prepare_names_the_setting_too(settings_for):
    said = refused(settings_for(REDIS_URL="redis://127.0.0.1:1/0"), command="prepare")
    assert said.startswith("REDIS_URL: no Redis answers")
