"""How the console talks to its database: what each kind is told with every connection."""

from __future__ import annotations

from typing import Any

# IMMEDIATE: without it, every second transaction that reads and then writes fails under load, in WAL too.
SQLITE: dict[str, Any] = {
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=30000; PRAGMA foreign_keys=ON; "
            "PRAGMA mmap_size=134217728; PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY"
        ),
    }
}
POSTGRESQL: dict[str, Any] = {
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        "connect_timeout": 5,
        # A server that vanished without a word is noticed within half a minute, not after hours.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 25_000,
        "options": "-c lock_timeout=5s -c idle_in_transaction_session_timeout=10s",
    },
}


def habits(engine: str) -> dict[str, Any]:
    """What belongs into DATABASES beside the address. `engine`: Django's, by dotted path."""
    return SQLITE if engine.endswith("sqlite3") else POSTGRESQL
