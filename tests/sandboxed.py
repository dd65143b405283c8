"""The real sandbox in a process of its own, and the settings that lead to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from dr_console.vendors import VENDORS
from tests.running import running


class Sandbox:
    """A running sandbox. `url`: http://127.0.0.1:port."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def vendor_urls(self) -> dict[str, str]:
        """What settings.DR_VENDOR_URLS is to be, so that our clients speak to it."""
        return {vendor: self.url + path for vendor, (_setting, _real, path) in VENDORS.items()}

    def get(self, path: str, **params: Any) -> Any:
        """GET below /control: its JSON."""
        return self._client.get(f"/control{path}", params=params).raise_for_status().json()

    def post(self, path: str, json: Any = None) -> Any:
        """POST below /control: its JSON."""
        return self._client.post(f"/control{path}", json={} if json is None else json).raise_for_status().json()

    def delete(self, path: str) -> Any:
        return self._client.delete(f"/control{path}").raise_for_status().json()

    def reset(self, *, speed: float = 60, seed: int = 1) -> None:
        """A new world, whose clock runs `speed` times as fast as ours."""
        self.post("/reset", {"speed": speed, "seed": seed})


@contextmanager
def running_sandbox(*arguments: str) -> Iterator[Sandbox]:
    with running([sys.executable, "-m", "dr_console.sandbox", "--port", "0", *arguments]) as process:
        yield Sandbox(process.wait_for(r"(http://127\.0\.0\.1:\d+)")[0])
