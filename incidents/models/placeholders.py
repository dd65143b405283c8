"""Which addresses nobody answers: reserved for examples, or left in for somebody to fill in."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

EXAMPLE_DOMAINS = {"example.com", "example.net", "example.org"}
# RFC 2606 and RFC 6761: names that lead nowhere, for ever.
EXAMPLE_ENDINGS = ("example", "invalid", "test", "localhost")
# 555-0100 to 555-0199 of every North American area code, and with +1-555 for the area as the built-in plan writes them.
FICTIONAL_NUMBER = re.compile(r"1(\d{3})?55501\d\d")
FILLERS = {"changeme", "todo", "tbd", "xxx", "none", "n/a"}


def is_placeholder(kind: str, address: str) -> bool:
    """Whether an address of this kind (phone, email, slack, pagerduty, or url) is still to be filled in."""
    plain = address.strip().casefold()
    if not plain or plain.strip("@#<>[]-_ ") in FILLERS:
        return True
    if kind == "phone":
        return _is_fictional_number(plain)
    if kind == "email":
        return _is_example_host(plain.rpartition("@")[2])
    if kind == "url":
        return _is_example_host(urlsplit(plain).hostname or "")
    return "example" in plain


def _is_fictional_number(number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    return FICTIONAL_NUMBER.fullmatch(digits) is not None or len(set(digits)) <= 1 or "x" in number


def _is_example_host(host: str) -> bool:
    host = host.rstrip(".")
    return any(host == name or host.endswith("." + name) for name in EXAMPLE_DOMAINS) or (
        host.rpartition(".")[2] in EXAMPLE_ENDINGS
    )
