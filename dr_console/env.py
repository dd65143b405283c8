"""Read settings from the environment, refuse wrong ones by name, and remember each for docs/settings.md."""

from __future__ import annotations

import ipaddress
import os
import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ

T = TypeVar("T")


class WrongSetting(Exception):
    """A setting that the console cannot start with. The message is one sentence that begins with the setting's name."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name


@dataclass(frozen=True)
class Setting:
    """One line of docs/settings.md."""

    name: str
    kind: str
    default: str
    meaning: str
    secret: bool = False


SETTINGS: list[Setting] = []


def _raw(name: str, *, secret: bool) -> str | None:
    """The value as given, from NAME or, for a secret, from the file that NAME_FILE names. Empty means not given."""
    value = os.environ.get(name, "").strip()
    path = os.environ.get(f"{name}_FILE", "").strip() if secret else ""
    if not path:
        return value or None
    if value:
        raise WrongSetting(name, f"give either {name} or {name}_FILE, not both.")
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise WrongSetting(f"{name}_FILE", f"the file {path} cannot be read ({error}).") from error


def is_given(name: str) -> bool:
    """Whether the environment has it, itself or as NAME_FILE."""
    return any(os.environ.get(variable, "").strip() for variable in (name, f"{name}_FILE"))


def _read(
    name: str, kind: str, default: T, meaning: str, parse: Callable[[str], T], *, shown: str = "", secret: bool = False
) -> T:
    shown = shown or ("" if default in ("", None) or default == [] else str(default))
    SETTINGS.append(Setting(name, kind, shown, meaning, secret))
    raw = _raw(name, secret=secret)
    if raw is None:
        return default
    try:
        return parse(raw)
    except ValueError as error:
        given = "the value given" if secret else f"“{raw}”"
        raise WrongSetting(name, f"{given} is not {error}.") from error


def text(name: str, default: str, meaning: str, *, shown: str = "") -> str:
    return _read(name, "text", default, meaning, str, shown=shown)


def secret(name: str, default: str, meaning: str) -> str:
    """A text that may come from the file named by NAME_FILE, and is never shown."""
    return _read(name, "secret", default, meaning, str, shown="(none)", secret=True)


def flag(name: str, default: bool, meaning: str) -> bool:
    def parse(raw: str) -> bool:
        if raw.lower() in ("1", "true", "yes", "on"):
            return True
        if raw.lower() in ("0", "false", "no", "off"):
            return False
        raise ValueError("yes or no (true, false, 1, 0, on and off will do)")

    return _read(name, "yes or no", default, meaning, parse, shown="yes" if default else "no")


def integer(name: str, default: int, meaning: str, *, least: int, most: int) -> int:
    def parse(raw: str) -> int:
        if not raw.lstrip("-").isascii() or not raw.lstrip("-").isdigit() or not least <= int(raw) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(raw)

    return _read(name, f"whole number, {least}–{most}", default, meaning, parse)


def number(name: str, default: float, meaning: str, *, least: float, most: float) -> float:
    def parse(raw: str) -> float:
        try:
            value = float(raw)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:  # nor is anything that is no number
            raise ValueError(f"a number from {least:g} to {most:g}")
        return value

    return _read(name, f"number, {least:g}–{most:g}", default, meaning, parse, shown=f"{default:g}")


def choice(name: str, default: str, meaning: str, *, among: Sequence[str]) -> str:
    def parse(raw: str) -> str:
        if raw not in among:
            raise ValueError(f"one of: {', '.join(among)}")
        return raw

    return _read(name, " or ".join(among), default, meaning, parse)


def words(name: str, default: list[str], meaning: str) -> list[str]:
    def parse(raw: str) -> list[str]:
        return [word.strip() for word in raw.split(",") if word.strip()]

    return _read(name, "list, separated by commas", default, meaning, parse, shown=", ".join(default))


def modes(name: str, meaning: str, *, keys: Sequence[str], among: Sequence[str]) -> dict[str, str]:
    """What is to be done with each of `keys`, as “key=mode”; what is not named is not in the answer."""

    def parse(raw: str) -> dict[str, str]:
        given = dict((word.strip().split("=", 1) + [""])[:2] for word in raw.split(",") if word.strip())
        if not all(key in keys and mode in among for key, mode in given.items()):
            raise ValueError(f"a list like {keys[0]}={among[-1]}, of {', '.join(keys)}; each {' or '.join(among)}")
        return given

    return _read(name, "list of key=mode, separated by commas", {}, meaning, parse, shown="(none)")


def networks(name: str, default: list[str], meaning: str) -> list[str]:
    """Networks as addresses with a length: 10.0.0.0/8, fd00::/8."""

    def parse(raw: str) -> list[str]:
        try:
            return [str(ipaddress.ip_network(word.strip())) for word in raw.split(",") if word.strip()]
        except ValueError as error:
            raise ValueError("a list of networks like 10.20.0.0/16, fd00::/8") from error

    return _read(name, "list of networks, separated by commas", default, meaning, parse, shown=", ".join(default))


def url(
    name: str,
    default: str,
    meaning: str,
    *,
    schemes: Sequence[str] = ("http", "https"),
    shown: str = "",
    secret: bool = False,
) -> str:
    """An absolute address without a trailing slash. `secret`: it may hold a password."""

    def parse(raw: str) -> str:
        parts = urlsplit(raw)
        place = parts.path if parts.scheme == "unix" else parts.netloc
        if parts.scheme not in schemes or not place:
            raise ValueError(f"an address that begins with {' or '.join(s + '://' for s in schemes)}")
        _ = parts.port  # raises ValueError when it is no number
        return raw.rstrip("/")

    return _read(name, "address", default, meaning, parse, shown=shown, secret=secret)


def database_url(name: str, meaning: str, *, default_file: Path) -> dict[str, Any]:
    """Django's description of the database behind an address; SQLite in `default_file` where none is given."""

    def parse(raw: str) -> dict[str, Any]:
        scheme = raw.split(":", 1)[0]
        if scheme not in ("postgres", "postgresql", "sqlite"):
            raise ValueError("an address that begins with postgres:// or sqlite:///")
        try:
            return dict(environ.Env.db_url_config(raw))
        except (KeyError, ValueError) as error:
            raise ValueError("an address like postgres://user:password@host:5432/name") from error

    here = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(default_file)}
    return _read(name, "address", here, meaning, parse, shown="SQLite in DR_DATA_DIR", secret=True)


def time_zone(name: str, default: str, meaning: str) -> str:
    """The name of an IANA time zone that this machine knows."""

    def parse(raw: str) -> str:
        if raw not in zoneinfo.available_timezones():
            raise ValueError("an IANA time zone, such as Asia/Shanghai")
        return raw

    return _read(name, "time zone", default, meaning, parse)


def mail_config(name: str, address: str) -> dict[str, Any]:
    """Django's EMAIL_* settings for a mail server's address; mail goes to the log without one."""
    if not address:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if address.split(":", 1)[0] not in ("smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail"):
        raise WrongSetting(name, "the value given is not an address that begins with smtp:// or smtp+tls://.")
    return {**environ.Env.email_url_config(address), "EMAIL_TIMEOUT": 10}
