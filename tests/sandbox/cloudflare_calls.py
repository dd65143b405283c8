"""Raw calls to the sandbox's Cloudflare, held to the same contracts as our clients where there is one."""

from __future__ import annotations

from typing import Any

import httpx

from tests import contracts
from tests.sandboxed import Sandbox

ACCOUNT, ZONE, QUEUE = "a" * 32, "c" * 32, "e" * 32
PREFIX = "/cloudflare/client/v4"
API, WWW, TOKYO = "api.example.com", "www.example.com", "tokyo.origin.example.com"


class Calls:
    """`held`: hold what is answered to its contract; what is sent may be anything."""

    def __init__(self, sandbox: Sandbox, token: str = "somebody-elses-token") -> None:
        self.sandbox = sandbox
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=sandbox.url + PREFIX, headers=headers, trust_env=False, timeout=30)

    def __call__(self, method: str, path: str, json: Any = None, **options: Any) -> httpx.Response:
        answer = self._client.request(method, path, json=json, **options)
        self._hold(method, path, answer)
        return answer

    def result(self, method: str, path: str, json: Any = None, **options: Any) -> Any:
        answer = self(method, path, json, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def refused(self, method: str, path: str, json: Any = None, **options: Any) -> tuple[int, int]:
        """Status and code of the error."""
        answer = self(method, path, json, **options)
        body = answer.json()
        assert (body["success"], body["result"]) == (False, None), answer.text
        return answer.status_code, body["errors"][0]["code"]

    def record(self, name: str, **query: Any) -> dict[str, Any]:
        (found,) = self.result("GET", records(), params={"name.exact": name, **query})
        return dict(found)

    def effects(self) -> list[tuple[str, str]]:
        shown = self.sandbox.get("/truth/effects", vendor="cloudflare")["effects"]
        return [(effect["what"], effect["target"]) for effect in shown]

    def _hold(self, method: str, path: str, answer: httpx.Response) -> None:
        known = [contract for contract in contracts.contracts("cloudflare") if contract.is_about(method, path)]
        if known:
            known[0].hold_answer(answer.status_code, answer.json())


def records(id: str = "") -> str:
    return f"/zones/{ZONE}/dns_records{f'/{id}' if id else ''}"


def queue(path: str = "", id: str = QUEUE) -> str:
    return f"/accounts/{ACCOUNT}/queues/{id}{path}"
