"""What the first call needs is there before it."""

from __future__ import annotations

import pytest

from dr_console.providers import http


@pytest.mark.parametrize(
    ("urls", "kinds"),
    [
        ({"cloudflare": "http://127.0.0.1:1/cloudflare", "vercel": "http://localhost:1/vercel"}, {"here"}),
        ({"cloudflare": "https://api.cloudflare.com/client/v4"}, {"outside"}),
    ],
    ids=["sandbox", "live"],
)
def test_a_client_is_made_for_each_kind_of_address(
    settings, monkeypatch: pytest.MonkeyPatch, urls: dict[str, str], kinds: set[str]
):
    made: list[str] = []
    settings.DR_VENDOR_URLS = urls
    monkeypatch.setattr(http, "_client_for", made.append)
    http.get_ready()
    assert set(made) == kinds
