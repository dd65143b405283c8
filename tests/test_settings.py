"""Settings: from the environment, wrong ones refused by name, sandbox and live kept apart, all of them documented."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import pytest

from dr_console import env
from dr_console.env import WrongSetting
from dr_console.management.commands.settings_page import page
from dr_console.vendors import VENDORS

ROOT = Path(__file__).resolve().parent.parent
LIVE = {"DR_MODE": "live", "SECRET_KEY": "a-key-of-our-own-that-is-long-enough"}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Read the settings anew, from these variables and no others."""

    def read(**variables: str) -> dict[str, Any]:
        monkeypatch.setattr(os, "environ", {"DR_DATA_DIR": str(tmp_path), **variables})
        monkeypatch.setattr(env, "SETTINGS", [])
        return runpy.run_path(str(ROOT / "dr_console" / "settings.py"))

    return read


def test_nothing_has_to_be_set(read):
    settings = read()
    assert settings["DR_MODE"] == "sandbox"
    assert settings["DEBUG"] is False
    assert settings["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DR_MODE", "life", "is not one of: sandbox, live"),
        ("DEBUG", "maybe", "is not yes or no"),
        ("PORT", "eighty", "is not a whole number from 1 to 65535"),
        ("PORT", "70000", "is not a whole number from 1 to 65535"),
        ("PORT", "８０", "is not a whole number"),
        ("DATABASE_URL", "mysql://localhost/x", "is not an address that begins with postgres:// or sqlite:///"),
        ("REDIS_URL", "http://localhost", "is not an address that begins with redis://"),
        ("REDIS_URL", "redis://", "is not an address"),
        ("DR_PUBLIC_URL", "console.example.com", "is not an address that begins with http:// or https://"),
        ("DR_PUBLIC_URL", "http://console.example.com:port", "DR_PUBLIC_URL"),
        ("DR_TIME_ZONE", "Mars/Olympus", "is not an IANA time zone"),
        ("DR_LANGUAGE", "fr", "is not one of: en, zh-hans"),
        ("DR_WORKER_THREADS", "0", "is not a whole number from 1 to 256"),
        ("DR_PROBE_INTERVAL_SECONDS", "0.01", "is not a number from 0.1 to 3600"),
        ("DR_PROBE_INTERVAL_SECONDS", "nan", "is not a number from 0.1 to 3600"),
        ("DR_PROBE_INTERVAL_SECONDS", "five", "is not a number from 0.1 to 3600"),
        ("DR_PROBE_LOCATION", "x" * 61, "is longer than 60 characters"),
        ("DR_LOG_FORMAT", "xml", "is not one of: console, json"),
        ("EMAIL_URL", "mail.example.com", "is not an address that begins with smtp://"),
    ],
)
def test_a_wrong_value_is_refused_by_name(read, name, value, expected):
    with pytest.raises(WrongSetting) as refusal:
        read(**{name: value})
    assert str(refusal.value).startswith(f"{name}: ")
    assert expected in str(refusal.value)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "EMAIL_URL"])
def test_a_wrong_secret_is_not_shown(read, name):
    with pytest.raises(WrongSetting) as refusal:
        read(**{name: "nonsense://ada:hunter2@somewhere"})
    assert "hunter2" not in str(refusal.value)


def test_mail_goes_to_the_sandbox_in_sandbox_mode(read):
    settings = read(DR_SANDBOX_SMTP_PORT="8225")
    assert settings["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert (settings["EMAIL_HOST"], settings["EMAIL_PORT"]) == ("127.0.0.1", 8225)


def test_mail_goes_to_the_log_where_there_is_no_server_for_it(read):
    backend = "django.core.mail.backends.console.EmailBackend"
    assert read(**LIVE)["EMAIL_BACKEND"] == backend
    assert read(DR_SANDBOX_SMTP_PORT="0")["EMAIL_BACKEND"] == backend


def test_mail_goes_to_the_server_that_is_given_in_either_mode(read):
    given = {"EMAIL_URL": "smtp+tls://ada:hunter2@mail.example.com:587"}
    for settings in (read(**given), read(**given, **LIVE)):
        assert (settings["EMAIL_HOST"], settings["EMAIL_PORT"]) == ("mail.example.com", 587)
        assert settings["EMAIL_USE_TLS"] is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DR_SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T/B/secret"),
        ("DR_VOICE_WEBHOOK_URL", "https://voice.example.com/calls"),
    ],
)
def test_addresses_of_services_are_on_this_machine_in_sandbox_mode(read, name, value):
    with pytest.raises(WrongSetting) as refusal:
        read(**{name: value})
    assert str(refusal.value).startswith(f"{name}: ")
    assert "secret" not in str(refusal.value)
    assert value in str(read(**{name: value}, **LIVE)["DR_CREDENTIALS"])


def test_without_an_address_of_a_service_there_is_the_sandboxs(read):
    credentials = read(DR_SANDBOX_PORT="8200")["DR_CREDENTIALS"]
    assert credentials["voice"]["url"] == "http://127.0.0.1:8200/voice/calls"
    assert credentials["slack"]["webhook_url"].startswith("http://127.0.0.1:8200/slack/services/")
    assert read(**LIVE)["DR_CREDENTIALS"]["voice"]["url"] == ""


def test_an_empty_variable_is_one_that_is_not_given(read):
    assert read(PORT="", SECRET_KEY=" ")["PORT"] == 8000


def test_a_secret_may_stand_in_a_file(read, tmp_path):
    (tmp_path / "key").write_text("a-key-from-a-file-that-is-long-enough\n")
    assert read(SECRET_KEY_FILE=str(tmp_path / "key"))["SECRET_KEY"] == "a-key-from-a-file-that-is-long-enough"


def test_a_file_that_cannot_be_read_is_named(read):
    with pytest.raises(WrongSetting, match=r"^DR_METRICS_TOKEN_FILE: the file /no/such/file cannot be read"):
        read(DR_METRICS_TOKEN_FILE="/no/such/file")


def test_a_secret_is_given_once(read):
    with pytest.raises(WrongSetting, match=r"^SECRET_KEY: give either SECRET_KEY or SECRET_KEY_FILE"):
        read(SECRET_KEY="one", SECRET_KEY_FILE="/another")


@pytest.mark.parametrize("key", [{}, {"SECRET_KEY": "short"}], ids=["none", "short"])
def test_live_mode_needs_a_key_of_its_own(read, key):
    with pytest.raises(WrongSetting, match=r"^SECRET_KEY: live mode needs"):
        read(DR_MODE="live", **key)


def test_live_mode_does_not_take_the_key_that_was_made_up_for_the_sandbox(read, tmp_path):
    (tmp_path / "secret-key").write_text("x" * 64)
    assert read()["SECRET_KEY"] == "x" * 64
    with pytest.raises(WrongSetting, match=r"^SECRET_KEY: live mode needs"):
        read(DR_MODE="live")


def test_live_mode_shows_no_tracebacks(read):
    with pytest.raises(WrongSetting, match=r"^DEBUG: must be off in live mode"):
        read(**LIVE, DEBUG="yes")


@pytest.mark.parametrize("name", sorted(setting for setting, _real, _path in VENDORS.values()))
def test_sandbox_and_live_never_mix(read, name):
    with pytest.raises(WrongSetting, match=rf"^{name}: .* in sandbox mode vendors’ addresses must be"):
        read(**{name: "https://api.example.com"})
    with pytest.raises(WrongSetting, match=rf"^{name}: .* is a sandbox’s address, which live mode refuses"):
        read(**LIVE, **{name: "http://localhost:8100/somewhere"})


def test_each_mode_has_its_own_addresses(read):
    assert all("127.0.0.1" in url for url in read()["DR_VENDOR_URLS"].values())
    assert not any("127.0.0.1" in url for url in read(**LIVE)["DR_VENDOR_URLS"].values())


def test_health_checks_go_to_the_edge_of_the_sandbox_and_in_live_mode_to_the_host_itself(read):
    assert read()["DR_EDGE_URL"] == "http://127.0.0.1:8100/edge"
    assert read(**LIVE)["DR_EDGE_URL"] == ""
    with pytest.raises(WrongSetting, match=r"^DR_EDGE_URL: .* is not on this machine"):
        read(DR_EDGE_URL="https://edge.example.com")
    for url in ("http://127.0.0.1:8100/edge", "https://edge.example.com"):
        with pytest.raises(WrongSetting, match=r"^DR_EDGE_URL: is for sandbox mode"):
            read(**LIVE, DR_EDGE_URL=url)


def test_independent_hosts_are_the_sandboxs_own_in_sandbox_mode(read):
    assert all("canary.example." in url for url in read()["DR_CANARY_URLS"])
    assert not any("example" in url for url in read(**LIVE)["DR_CANARY_URLS"])
    assert read(DR_CANARY_URLS="https://a.example/, https://b.example/")["DR_CANARY_URLS"] == [
        "https://a.example/",
        "https://b.example/",
    ]


def test_health_checks_may_be_as_frequent_as_ten_times_a_second(read):
    assert read()["DR_PROBE_INTERVAL_SECONDS"] == 5.0
    assert read(DR_PROBE_INTERVAL_SECONDS="0.25")["DR_PROBE_INTERVAL_SECONDS"] == 0.25


def test_private_networks_are_allowed_by_name_only(read):
    assert read()["DR_ALLOWED_NETWORKS"] == []
    assert read(DR_ALLOWED_NETWORKS="10.20.0.0/16, fd00::/8")["DR_ALLOWED_NETWORKS"] == ["10.20.0.0/16", "fd00::/8"]
    with pytest.raises(WrongSetting, match=r"^DR_ALLOWED_NETWORKS: “10\.0\.0\.1/8” is not a list of networks"):
        read(DR_ALLOWED_NETWORKS="10.0.0.1/8")


def test_a_command_in_another_terminal_finds_the_redis_that_up_has_started(read, tmp_path):
    (tmp_path / "redis-url").write_text("redis://:secret@127.0.0.1:4711/0")
    assert read()["CELERY_BROKER_URL"] == "redis://:secret@127.0.0.1:4711/0"
    assert read(REDIS_URL="redis://elsewhere:6379/0")["CELERY_BROKER_URL"] == "redis://elsewhere:6379/0"


def test_a_redis_behind_a_socket_and_one_behind_tls(read):
    socket = read(REDIS_URL="unix:///run/redis.sock")
    assert socket["REDIS_URL"] == "unix:///run/redis.sock"
    assert socket["CELERY_BROKER_URL"] == "redis+socket:///run/redis.sock"
    assert read(REDIS_URL="rediss://redis.example.com:6380/0")["CELERY_BROKER_USE_SSL"]["ssl_cert_reqs"]


def test_cookies_go_over_tls_where_the_console_does(read):
    assert read(DR_PUBLIC_URL="https://console.example.com")["SESSION_COOKIE_SECURE"] is True
    assert read()["SESSION_COOKIE_SECURE"] is False


def test_the_page_of_settings_is_up_to_date(read):
    read()
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == page(env.SETTINGS), "Run: .venv/bin/python manage.py settings_page > docs/settings.md"


def test_no_setting_is_documented_twice(read):
    read()
    names = [setting.name for setting in env.SETTINGS]
    assert len(names) == len(set(names))
