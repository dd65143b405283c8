"""What is put into the keys that keep a message from being asked for twice."""

from __future__ import annotations

import hashlib


def in_key(address: str) -> str:
    """An address as part of a key, which has little room; "own" for the channel's own, which has none."""
    return hashlib.sha256(address.encode()).hexdigest()[:16] if address else "own"
