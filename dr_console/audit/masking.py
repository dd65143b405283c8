"""Keep secrets out of the audit log by the names of their fields. Pure. A second net: services leave them out first."""

from __future__ import annotations

import re
from typing import Any

MASK = "•••"
# A plain `key` is no secret here: it is what the plan calls its entries.
NAME_OF_A_SECRET = re.compile(
    r"passw|passphrase|secret|token|credential|authorization|cookie|webhook"
    r"|(^|_)(t?otp|pin)$|session_?(id|key)|(access|api|private|routing|signing|encryption|integration)_?key",
    re.IGNORECASE,
)
PASSWORD_IN_ADDRESS = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+(?=@)")


def masked(value: Any, name: str = "") -> Any:
    """The value with every secret in it replaced, at any depth, and nothing but what JSON can hold as containers."""
    if NAME_OF_A_SECRET.search(name) and value not in (None, "", True, False):
        return MASK
    if isinstance(value, dict):
        return {str(key): masked(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(masked(item) for item in value)
    if isinstance(value, str):
        return PASSWORD_IN_ADDRESS.sub(rf"\1:{MASK}", value)
    return value
