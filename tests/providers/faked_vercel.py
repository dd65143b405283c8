"""A wire that answers as Vercel's pages do, written by hand: for the same tests that also run in the sandbox."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import respx

from dr_console.vendors import VENDORS

ADDRESS = str(VENDORS["vercel"][1])
TEAM = "team_gemini"
PRJ = {"gemini-toolbox": "prj_tokyo", "gemini-toolbox-standby": "prj_california"}
BEGAN = 1_795_000_000_000
SECRET_VALUE = "hunter2-of-the-vendor"


def refusal(status: int, code: str, message: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers=headers)


def good(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


def row(
    id: str, project: str, created: int, *, state: str = "READY", target: str | None = "production"
) -> dict[str, Any]:
    """https://vercel.com/docs/rest-api/reference/endpoints/deployments/list-deployments"""
    return {
        "uid": id,
        "name": project,
        "projectId": PRJ[project],
        "url": f"{project}-{id[4:]}-gemini.vercel.app",
        "created": created,
        "createdAt": created,
        "source": "git",
        "state": state,
        "readyState": state,
        "type": "LAMBDAS",
        "creator": {"uid": "usr_1"},
        "inspectorUrl": f"https://vercel.com/gemini/{project}/{id[4:]}",
        "meta": {"githubCommitRef": "main"},
        "target": target,
    }


def whole(row: dict[str, Any], regions: list[str]) -> dict[str, Any]:
    """https://vercel.com/docs/rest-api/reference/endpoints/deployments/get-a-deployment-by-id-or-url"""
    named = {key: value for key, value in row.items() if key not in ("uid", "created", "state")}
    more = {"id": row["uid"], "regions": regions, "ownerId": TEAM, "aliasAssigned": row["readyState"] == "READY"}
    return {**named, **more, "alias": [], "version": 2}


class Fake:
    """Answers by hand-written rules. `sent`: (method, path, query, body) of each request.

    What takes time is done when it was looked at twice.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, str], Any]] = []
        self.rows = {
            f"dpl_{name[-1]}{number}": row(f"dpl_{name[-1]}{number}", name, BEGAN + number * 1000)
            for name in PRJ
            for number in range(1, 5)
        }
        self.rows["dpl_preview"] = row("dpl_preview", "gemini-toolbox", BEGAN + 3500, target=None)
        self.shown = {"gemini-toolbox": "dpl_x4", "gemini-toolbox-standby": "dpl_y4"}
        self.regions = {"gemini-toolbox": ["hnd1"], "gemini-toolbox-standby": ["sfo1"]}
        self.paused: set[str] = set()
        self.rolled_back: set[str] = set()
        self.aliases = {"tokyo.origin.example.com": "dpl_x4", "california.origin.example.com": "dpl_y4"}
        self.domains = {
            "tokyo.origin.example.com": "gemini-toolbox",
            "california.origin.example.com": "gemini-toolbox-standby",
        }
        self.switches: dict[str, dict[str, Any]] = {}
        self.build_fails = self.builds_for_ever = self.rolling_release = False
        self.failing_hosts: list[str] = []
        self.variables = variables()
        self.challenged = False
        self.store: dict[str, Any] = {"degradation_level": {"level": 0}}
        self.versions: list[dict[str, Any]] = []
        self.store_names = ("global-config", "edge-config")
        self.routes: list[tuple[str, str, Callable[..., httpx.Response]]] = [
            ("GET", r"/v2/user", lambda: good({"user": {"id": "usr_1", "username": "dr", "email": "dr@example.com"}})),
            ("GET", r"/v2/teams/(.+)", self.team),
            ("GET", r"/v7/deployments", self.list),
            ("POST", r"/v13/deployments", self.create),
            ("GET", r"/v13/deployments/(.+)", self.one),
            ("GET", r"/v9/projects/([^/]+)", self.project),
            ("PATCH", r"/v9/projects/([^/]+)", self.change),
            ("POST", r"/v10/projects/([^/]+)/promote/(.+)", self.promote),
            ("POST", r"/v1/projects/([^/]+)/rollback/(.+)", self.rollback),
            ("GET", r"/v\d/projects/([^/]+)/(?:promote|rollback)/aliases", self.failed),
            ("POST", r"/v1/projects/([^/]+)/(pause|unpause)", self.pause),
            ("GET", r"/v4/aliases/(.+)", self.alias),
            ("POST", r"/v2/deployments/([^/]+)/aliases", self.assign),
            ("GET", r"/v9/projects/([^/]+)/domains", self.list_domains),
            ("POST", r"/v1/projects/([^/]+)/domains/([^/]+)/move", self.move),
            ("GET", r"/v10/projects/([^/]+)/env", self.list_variables),
            ("GET", r"/v1/projects/([^/]+)/env/(.+)", self.variable),
            ("POST", r"/v10/projects/([^/]+)/env", self.write_variable),
            ("DELETE", r"/v9/projects/([^/]+)/env/(.+)", self.delete_variable),
            ("GET", r"/v1/(\w+-config)/ecfg_gemini/items", self.items),
            ("GET", r"/v1/(\w+-config)/ecfg_gemini/item/(.+)", self.item),
            ("PATCH", r"/v1/(\w+-config)/ecfg_gemini/items", self.change_items),
            ("GET", r"/v1/(\w+-config)/ecfg_gemini/backups", self.list_versions),
            ("GET", r"/v1/(\w+-config)/ecfg_gemini/backups/([^/]+)", self.version),
            ("POST", r"/v1/(\w+-config)/ecfg_gemini/backups/([^/]+)/restore", self.restore),
        ]

    @contextmanager
    def on_the_wire(self) -> Iterator[Fake]:
        with respx.mock(assert_all_called=False) as router:
            router.route(url__startswith=ADDRESS).mock(side_effect=self._answer)
            yield self

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.query = dict(request.url.params)
        self.body = json.loads(request.content) if request.content else None
        self.sent.append((request.method, request.url.path, self.query, self.body))
        if self.query.get("teamId") != TEAM:
            return refusal(403, "forbidden", "Not authorized")
        for method, pattern, view in self.routes:
            match = re.fullmatch(pattern, request.url.path)
            if match and method == request.method:
                if match.groups() and match[1].endswith("-config") and match[1] not in self.store_names:
                    return refusal(404, "not_found", "Not found")
                return view(*match.groups())
        return refusal(404, "not_found", "Not found")

    def name(self, project: str) -> str:
        return next((name for name, id in PRJ.items() if project in (name, id)), "")

    def team(self, id: str) -> httpx.Response:
        return good({"id": id, "slug": "gemini", "name": "Gemini"})

    def list(self) -> httpx.Response:
        name = self.name(self.query["projectId"])
        found = sorted((row for row in self.rows.values() if row["name"] == name), key=lambda row: -row["created"])
        if "target" in self.query:
            found = [row for row in found if (row["target"] or "preview") == self.query["target"]]
        if "state" in self.query:
            found = [row for row in found if row["state"] == self.query["state"]]
        if "rollbackCandidate" in self.query:
            found = [row for row in found if row["uid"] != self.shown[name]]
        until = int(self.query.get("until", 2**62))
        found = [row for row in found if row["created"] < until]
        shown, rest = found[:3], found[3:]
        following = shown[-1]["created"] if rest else None
        return good({"deployments": shown, "pagination": {"count": len(shown), "next": following, "prev": None}})

    def one(self, id: str) -> httpx.Response:
        if id not in self.rows:
            return refusal(404, "not_found", f'Can\'t find the deployment "{id}"')
        row = self.rows[id]
        answer = whole(row, ["hnd1"])
        if row["state"] == "ERROR":
            answer |= {"errorCode": "BUILD_UTILS_SPAWN_1", "errorStep": "buildStep"}
            answer["errorMessage"] = 'Command "npm run build" exited with 1'
        following = {"QUEUED": "BUILDING", "BUILDING": "ERROR" if self.build_fails else "READY"}
        if not self.builds_for_ever:
            row["state"] = row["readyState"] = following.get(row["state"], row["state"])
        return good(answer)

    def create(self) -> httpx.Response:
        id = f"dpl_new{len(self.rows)}"
        made = row(id, self.body["name"], int(time.time() * 1000), state="QUEUED")
        made["meta"] = {**self.rows[self.body["deploymentId"]]["meta"], **self.body["meta"]}
        self.rows[id] = made
        return good(whole(made, ["hnd1"]))

    def project(self, project: str) -> httpx.Response:
        name = self.name(project)
        if not name:
            return refusal(404, "not_found", "Project not found.")
        switch = self.switches.get(name)
        answer = {
            "id": PRJ[name],
            "name": name,
            "accountId": TEAM,
            "nodeVersion": "22.x",
            "paused": name in self.paused,
            "resourceConfig": {"functionDefaultRegions": self.regions[name]},
            "targets": {"production": {"id": self.shown[name], "readyState": "READY"}},
            "lastRollbackTarget": {} if name in self.rolled_back else None,
            "lastAliasRequest": dict(switch) if switch else None,
        }
        if name in self.rolled_back:
            answer["lastRollbackTarget"] = {"id": self.shown[name]}
        if switch and not self.rolling_release and switch["jobStatus"] in ("pending", "in-progress"):
            self._go_on(name, switch)
        return good(answer)

    def _go_on(self, name: str, switch: dict[str, Any]) -> None:
        following = {"pending": "in-progress", "in-progress": "failed" if self.failing_hosts else "succeeded"}
        switch["jobStatus"] = following.get(switch["jobStatus"], switch["jobStatus"])
        if switch["jobStatus"] == "succeeded":
            self.shown[name] = switch["toDeploymentId"]
            (self.rolled_back.add if switch["type"] == "rollback" else self.rolled_back.discard)(name)

    def change(self, project: str) -> httpx.Response:
        self.regions[self.name(project)] = self.body["resourceConfig"]["functionDefaultRegions"]
        return self.project(project)

    def promote(self, project: str, id: str) -> httpx.Response:
        if self.rows[id]["target"] != "production":
            return refusal(400, "bad_request", "Only production deployments can be promoted.")
        self._switch("promote", project, id)
        return httpx.Response(202 if self.rolling_release else 201)

    def rollback(self, project: str, id: str) -> httpx.Response:
        self._switch("rollback", project, id)
        return httpx.Response(201)

    def _switch(self, kind: str, project: str, id: str) -> None:
        name = self.name(project)
        asked_at = int(time.time() * 1000)
        self.switches[name] = {
            "fromDeploymentId": self.shown[name],
            "toDeploymentId": id,
            "jobStatus": "pending",
            "requestedAt": asked_at,
            "type": kind,
        }

    def failed(self, project: str) -> httpx.Response:
        rows = [{"id": host, "alias": host, "status": "failed"} for host in self.failing_hosts]
        return good({"aliases": rows, "pagination": {"count": len(rows), "next": None, "prev": None}})

    def pause(self, project: str, verb: str) -> httpx.Response:
        (self.paused.add if verb == "pause" else self.paused.discard)(self.name(project))
        return httpx.Response(200)

    def alias(self, host: str) -> httpx.Response:
        if host not in self.aliases:
            return refusal(404, "not_found", "The alias was not found")
        return good({"uid": "a1", "alias": host, "deploymentId": self.aliases[host], "projectId": "prj_tokyo"})

    def assign(self, id: str) -> httpx.Response:
        host, before = self.body["alias"], self.aliases.get(self.body["alias"])
        if before == id:
            return refusal(409, "conflict", "The alias is already assigned to this deployment.")
        if host in self.domains and self.domains[host] != self.rows[id]["name"]:
            return refusal(409, "alias_in_use", "The alias is already in use by another project.")
        self.aliases[host] = id
        answer = {"uid": "a1", "alias": host, "created": "2026-11-20T08:15:30.123Z"}
        return good({**answer, "oldDeploymentId": before} if before else answer)

    def list_domains(self, project: str) -> httpx.Response:
        found = [self._domain(host) for host, name in self.domains.items() if name == self.name(project)]
        return good({"domains": found, "pagination": {"count": len(found), "next": None, "prev": None}})

    def _domain(self, host: str) -> dict[str, Any]:
        return {"name": host, "apexName": "example.com", "projectId": PRJ[self.domains[host]], "verified": True}

    def move(self, project: str, host: str) -> httpx.Response:
        self.domains[host] = self.name(self.body["projectId"])
        return good(self._domain(host))

    def list_variables(self, project: str) -> httpx.Response:
        """Two pages."""
        found = sorted(self.variables.values(), key=lambda each: -each["createdAt"])
        first, second = found[:2], found[2:]
        if "until" in self.query:
            return good({"envs": second, "pagination": {"count": len(second), "next": None, "prev": BEGAN}})
        following = first[-1]["createdAt"] if second else None
        return good({"envs": first, "pagination": {"count": len(first), "next": following, "prev": None}})

    def variable(self, project: str, id: str) -> httpx.Response:
        found = self.variables.get(id)
        if found is None:
            return refusal(404, "not_found", "The Environment Variable was not found.")
        if self.challenged and found["type"] == "encrypted":
            return refusal(403, "challenge_required", "Fresh authentication is required.")
        values = {"encrypted": "decrypted " + id, "sensitive": ""}
        return good(
            {**found, "value": found.get("plain", values.get(found["type"], found["value"])), "decrypted": True}
        )

    def write_variable(self, project: str) -> httpx.Response:
        if self.body["key"] == "NOT_ALLOWED":
            error = {"code": "ENV_FORBIDDEN", "message": f"Not with {self.body['value']}", "value": self.body["value"]}
            return good({"failed": [{"error": error}]}, 201)
        same = [each for each in self.variables.values() if each["key"] == self.body["key"]]
        id = same[0]["id"] if same else f"env{len(self.variables) + 1}"
        made = {**self.body, "id": id, "createdAt": BEGAN + len(self.variables), "plain": self.body["value"]}
        self.variables[id] = {**made, "value": "ZW5jcnlwdGVk"}
        return good({"created": {**self.variables[id]}, "failed": []}, 201)

    def delete_variable(self, project: str, id: str) -> httpx.Response:
        gone = self.variables.pop(id, None)
        return good(gone) if gone else refusal(404, "not_found", "The Environment Variable was not found.")

    def items(self, name: str) -> httpx.Response:
        return good([self._item(key) for key in self.store])

    def item(self, name: str, key: str) -> httpx.Response:
        return good(self._item(key)) if key in self.store else refusal(404, "not_found", "Not found")

    def _item(self, key: str) -> dict[str, Any]:
        times = {"createdAt": BEGAN, "updatedAt": BEGAN + len(self.versions)}
        return {"key": key, "value": self.store[key], "edgeConfigId": "ecfg_gemini", **times}

    def change_items(self, name: str) -> httpx.Response:
        self.versions.insert(0, {"id": f"v{len(self.versions) + 1}", "kept": dict(self.store)})
        for operation in self.body["items"]:
            if operation["operation"] == "delete":
                del self.store[operation["key"]]
            else:
                self.store[operation["key"]] = operation["value"]
        return good({"status": "ok"})

    def list_versions(self, name: str) -> httpx.Response:
        """One a page."""
        ids = [each["id"] for each in self.versions]
        at = ids.index(self.query["next"]) if "next" in self.query else 0
        shown = [{"id": id, "lastModified": BEGAN} for id in ids[at : at + 1]]
        rest = {"hasNext": True, "next": ids[at + 1]} if at + 1 < len(ids) else {"hasNext": False}
        return good({"backups": shown, "pagination": rest})

    def version(self, name: str, id: str) -> httpx.Response:
        found = next((each for each in self.versions if each["id"] == id), None)
        if found is None:
            return refusal(404, "not_found", "The backup was not found.")
        times = {"createdAt": BEGAN, "updatedAt": BEGAN}
        items = {key: {"value": value, **times} for key, value in found["kept"].items()}
        backup = {"digest": "d", "items": items, "slug": "gemini", "updatedAt": BEGAN}
        return good({"id": id, "lastModified": BEGAN, "backup": backup})

    def restore(self, name: str, id: str) -> httpx.Response:
        self.store = dict(next(each for each in self.versions if each["id"] == id)["kept"])
        return good({"status": "ok", "digest": "d2", "previousDigest": "d1", "restoredFrom": id})


def variables() -> dict[str, dict[str, Any]]:
    """https://vercel.com/docs/rest-api/reference/endpoints/projects"""
    kinds = [
        ("env1", "DATABASE_URL", "encrypted", "ZW5jcnlwdGVk"),
        ("env2", "SESSION_SECRET", "sensitive", ""),
        ("env3", "NEXT_PUBLIC_API_URL", "plain", "https://api.example.com"),
    ]
    return {
        id: {"id": id, "key": key, "type": type, "value": value, "target": ["production"], "createdAt": BEGAN + number}
        for number, (id, key, type, value) in enumerate(kinds)
    }
