"""Raw calls to the sandbox's Vercel, held to the same contracts as our clients where there is one."""

from __future__ import annotations

from typing import Any

import httpx

from tests import contracts
from tests.sandboxed import Sandbox

TOKYO, STANDBY = "gemini-toolbox", "gemini-toolbox-standby"
PROJECT = f"/v9/projects/{TOKYO}"
HOST, CALIFORNIA = "tokyo.origin.example.com", "california.origin.example.com"
STORE = "/v1/global-config/ecfg_gemini"


class Calls:
    """Whatever version or prefix of a path is asked for: what is answered is held to the contract, where there is one.

    `team`: for whom; empty speaks for the token's user.
    """

    def __init__(self, sandbox: Sandbox, token: str = "somebody-elses-token", team: str = "team_gemini") -> None:
        self.sandbox = sandbox
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        params = {"teamId": team} if team else {}
        self._client = httpx.Client(
            base_url=f"{sandbox.url}/vercel", headers=headers, params=params, trust_env=False, timeout=30
        )

    def __call__(self, method: str, path: str, json: Any = None, **params: Any) -> httpx.Response:
        answer = self._client.request(method, path, json=json, params=params)
        known = [contract for contract in contracts.contracts("vercel") if contract.is_about(method, path)]
        if known:
            known[0].hold_answer(answer.status_code, answer.json() if answer.content else None)
        return answer

    def ok(self, method: str, path: str, json: Any = None, **params: Any) -> Any:
        answer = self(method, path, json, **params)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, json: Any = None, **params: Any) -> tuple[int, str]:
        """Status and code of the error."""
        answer = self(method, path, json, **params)
        error = answer.json()["error"]
        assert error["message"]
        return answer.status_code, error["code"]

    def project(self, name: str = TOKYO) -> Any:
        return self.ok("GET", f"/v9/projects/{name}", rollbackInfo="true")

    def deployments(self, name: str = TOKYO, **params: Any) -> list[Any]:
        found = self.ok("GET", "/v7/deployments", projectId=self.project(name)["id"], **params)
        return list(found["deployments"])

    def candidate(self, name: str = TOKYO) -> str:
        return str(self.deployments(name, rollbackCandidate="true")[0]["uid"])

    def redeploy(self, id: str, **body: Any) -> Any:
        asked = {"deploymentId": id, "name": TOKYO, "target": "production", "meta": {"action": "redeploy"}, **body}
        return self.ok("POST", "/v13/deployments", asked, forceNew="1")

    def state(self, id: str) -> str:
        return str(self.ok("GET", f"/v13/deployments/{id}")["readyState"])

    def advance(self, seconds: float) -> None:
        self.sandbox.post("/clock", {"advance": seconds})

    def break_project(self, **change: Any) -> Any:
        return self.sandbox.post(f"/vercel/projects/{TOKYO}", change)

    def seen_by_users(self, host: str = HOST) -> int:
        return httpx.get(f"{self.sandbox.url}/edge/{host}/health", trust_env=False).status_code

    def effects(self) -> list[tuple[str, str]]:
        shown = self.sandbox.get("/truth/effects", vendor="vercel")["effects"]
        return [(effect["what"], effect["target"]) for effect in shown]
