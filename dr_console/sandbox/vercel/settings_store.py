"""Global Config, which was called Edge Config: both names lead to the same stores; and what readers of it ask."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from dr_console.sandbox.vercel.account import EMAIL, TEAM_ID, USER_ID, USERNAME, Account
from dr_console.sandbox.vercel.asking import Asked, Refusal, Table, bad_request

STORE_ID = "ecfg_gemini"
READ_TOKEN = "sandbox-read-token"
KEY = re.compile(r"[\w-]{1,256}")
MOST_BYTES = 64 * 1024  # of all items together, on the Pro plan
OPERATIONS = frozenset({"create", "update", "upsert", "delete"})
NAMES = ("global-config", "edge-config")


@dataclass
class Version:
    """The store as it was before a change."""

    id: str
    at: int
    values: dict[str, Any]
    times: dict[str, tuple[int, int]]


@dataclass
class Store:
    """`values` of the plan's own store are the world's settings. `times`: of each key, created and updated."""

    id: str
    slug: str
    owner: str
    created: int
    values: dict[str, Any]
    updated: int = 0
    times: dict[str, tuple[int, int]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    versions: list[Version] = field(default_factory=list)
    schema: Any = None

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.values, sort_keys=True).encode()).hexdigest()

    @property
    def size(self) -> int:
        return len(json.dumps(self.values))

    def items(self) -> dict[str, dict[str, Any]]:
        return {key: self.item(key) for key in self.values}

    def item(self, key: str) -> dict[str, Any]:
        created, updated = self.times.get(key, (self.created, self.created))
        item = {"key": key, "value": self.values[key], "edgeConfigId": self.id}
        return {**item, "createdAt": created, "updatedAt": updated}


class Stores:
    """All settings stores, and what they answer."""

    def __init__(self, account: Account) -> None:
        self.account = account
        at = account.now() - 30 * 86_400_000
        values = account.world.settings_store
        values.setdefault("degradation_level", {"level": 0})
        store = Store(STORE_ID, "gemini", TEAM_ID, at, values, updated=at)
        self.all = {store.id: store}
        self._add_token(store, "console", READ_TOKEN)

    def table(self) -> Table:
        """For each name of the API, and for the readers, which ask below the store's id."""
        routes: list[tuple[str, str, Any]] = []
        for name in NAMES:
            routes += [
                ("GET", f"/{name}", self.listed),
                ("POST", f"/{name}", self.created),
                ("GET", f"/{name}/{{id}}", self.one),
                ("PUT", f"/{name}/{{id}}", self.renamed),
                ("DELETE", f"/{name}/{{id}}", self.deleted),
                ("GET", f"/{name}/{{id}}/items", self.items),
                ("PATCH", f"/{name}/{{id}}/items", self.changed),
                ("GET", f"/{name}/{{id}}/item/{{key}}", self.item),
                ("GET", f"/{name}/{{id}}/schema", self.schema),
                ("POST", f"/{name}/{{id}}/schema", self.set_schema),
                ("DELETE", f"/{name}/{{id}}/schema", self.no_schema),
                ("GET", f"/{name}/{{id}}/tokens", self.tokens),
                ("POST", f"/{name}/{{id}}/token", self.new_token),
                ("DELETE", f"/{name}/{{id}}/tokens", self.drop_tokens),
                ("GET", f"/{name}/{{id}}/token/{{token}}", self.token),
                ("GET", f"/{name}/{{id}}/backups", self.backups),
                ("GET", f"/{name}/{{id}}/backups/{{version}}", self.backup),
                ("POST", f"/{name}/{{id}}/backups/{{version}}/restore", self.restored),
            ]
        return routes

    def readers(self) -> Table:
        return (
            ("GET", "/ecfg_{reader}", self.read_whole),
            ("GET", "/ecfg_{reader}/digest", self.read_digest),
            ("GET", "/ecfg_{reader}/items", self.read_items),
            ("GET", "/ecfg_{reader}/item/{key}", self.read_item),
        )

    def listed(self, asked: Asked) -> Any:
        return [_shown(store) for store in self.all.values() if store.owner == asked.owner]

    def created(self, asked: Asked) -> Any:
        body = asked.body()
        slug = asked.want(body, "slug", str)
        if not re.fullmatch(r"[\w-]{1,64}", slug):
            raise bad_request("Invalid request: `slug` should match pattern.")
        values = body.get("items") or {}
        if not isinstance(values, dict):
            raise bad_request("Invalid request: `items` should be object.")
        at = self.account.stamp()
        store = Store(self.account.id("ecfg_", 24).lower(), slug, asked.owner, at, dict(values), updated=at)
        self.all[store.id] = store
        self.account.effect("settings.create", store.id)
        return JSONResponse(_shown(store), 201)

    def one(self, asked: Asked) -> Any:
        return _shown(self._store(asked))

    def renamed(self, asked: Asked) -> Any:
        store = self._store(asked)
        store.slug = asked.want(asked.body(), "slug", str)
        return _shown(store)

    def deleted(self, asked: Asked) -> Response:
        del self.all[self._store(asked).id]
        return Response(status_code=204)

    def items(self, asked: Asked) -> Any:
        store = self._store(asked)
        return store.values if asked.query("token") else list(store.items().values())

    def item(self, asked: Asked) -> Any:
        """With a read token in the query only the value."""
        store, key = self._store(asked), asked.path["key"]
        if key not in store.values:
            raise Refusal(404, "not_found", f'The key "{key}" was not found.')
        return JSONResponse(store.values[key] if asked.query("token") else store.item(key))

    def changed(self, asked: Asked) -> Any:
        """All of the operations, or none."""
        store, body = self._store(asked), asked.json()
        operations = body if isinstance(body, list) else body.get("items") if isinstance(body, dict) else None
        if not isinstance(operations, list) or not operations:
            raise bad_request("Invalid request: `items` should be array.")
        values = copy.deepcopy(store.values)
        for operation in operations:
            _apply(values, operation)
        if len(json.dumps(values)) > MOST_BYTES:
            raise Refusal(400, "edge_config_too_large", "The size of the items exceeds the limit of 64 KB.")
        self._put(store, values)
        changes = {each["key"]: each.get("value") for each in operations}
        self.account.effect("settings.write", store.id, items=changes)
        return {"status": "ok"}

    def schema(self, asked: Asked) -> Any:
        return {"definition": self._store(asked).schema}

    def set_schema(self, asked: Asked) -> Any:
        store = self._store(asked)
        definition = asked.want(asked.body(), "definition", dict)
        if not asked.flag("dryRun"):
            store.schema = definition
        return {"definition": definition}

    def no_schema(self, asked: Asked) -> Response:
        self._store(asked).schema = None
        return Response(status_code=204)

    def tokens(self, asked: Asked) -> Any:
        return list(self._store(asked).tokens.values())

    def token(self, asked: Asked) -> Any:
        found = self._store(asked).tokens.get(asked.path["token"])
        if found is None:
            raise Refusal(404, "not_found", "The token was not found.")
        return found

    def new_token(self, asked: Asked) -> Any:
        label = asked.want(asked.body(), "label", str)
        made = self._add_token(self._store(asked), label, self.account.id("", 36))
        return JSONResponse({"id": made["id"], "token": made["token"]}, 201)

    def drop_tokens(self, asked: Asked) -> Response:
        store = self._store(asked)
        for token in asked.texts(asked.body(), "tokens"):
            store.tokens.pop(token, None)
        return Response(status_code=204)

    def backups(self, asked: Asked) -> Any:
        """Newest first; `next` is the id of the one to go on with."""
        found = self._store(asked).versions[::-1]
        ids = [version.id for version in found]
        first = ids.index(asked.query("next")) if asked.query("next") in ids else 0
        limit = max(1, min(asked.number("limit", 20), 50))
        shown, rest = found[first : first + limit], ids[first + limit :]
        pagination = {"hasNext": bool(rest), **({"next": rest[0]} if rest else {})}
        return {"backups": [_version(version) for version in shown], "pagination": pagination}

    def backup(self, asked: Asked) -> Any:
        store = self._store(asked)
        version = self._version(store, asked.path["version"])
        items = {
            key: {"value": value, "createdAt": version.times[key][0], "updatedAt": version.times[key][1]}
            for key, value in version.values.items()
        }
        return {
            **_version(version),
            "backup": {
                "digest": hashlib.sha256(json.dumps(version.values, sort_keys=True).encode()).hexdigest(),
                "items": items,
                "slug": store.slug,
                "updatedAt": version.at,
            },
            "user": {"id": USER_ID, "username": USERNAME, "email": EMAIL},
        }

    def restored(self, asked: Asked) -> Any:
        store = self._store(asked)
        version = self._version(store, asked.path["version"])
        before = store.digest
        self._put(store, copy.deepcopy(version.values))
        self.account.effect("settings.restore", store.id, version=version.id)
        return {"status": "ok", "digest": store.digest, "previousDigest": before, "restoredFrom": version.id}

    def read_whole(self, asked: Asked) -> Any:
        store = self._read(asked)
        return _read_answer(store, {"items": store.values, "digest": store.digest, "updatedAt": store.updated})

    def read_digest(self, asked: Asked) -> Any:
        store = self._read(asked)
        return _read_answer(store, store.digest)

    def read_items(self, asked: Asked) -> Any:
        store = self._read(asked)
        keys = asked.request.query_params.getlist("key")
        values = {key: value for key, value in store.values.items() if not keys or key in keys}
        return _read_answer(store, values)

    def read_item(self, asked: Asked) -> Any:
        store, key = self._read(asked), asked.path["key"]
        if key not in store.values:
            error = {"error": {"code": "edge_config_item_not_found", "message": "Could not find item"}}
            return _read_answer(store, error, 404)
        return _read_answer(store, store.values[key])

    def _put(self, store: Store, values: dict[str, Any]) -> None:
        at = self.account.stamp()
        times = {key: store.times.get(key, (store.created, store.created)) for key in store.values}
        store.versions.append(Version(self.account.id("", 24), at, copy.deepcopy(store.values), times))
        for key, value in values.items():
            if key not in store.values:
                times[key] = (at, at)
            elif store.values[key] != value:
                times[key] = (times[key][0], at)
        store.times = {key: times[key] for key in values}
        store.values.clear()
        store.values.update(values)
        store.updated = at

    def _add_token(self, store: Store, label: str, token: str) -> dict[str, Any]:
        at = self.account.now()
        made = {
            "id": self.account.id("", 16),
            "token": token,
            "label": label,
            "edgeConfigId": store.id,
            "createdAt": at,
        }
        made["partialToken"] = token[:8]
        store.tokens[token] = made
        return made

    def _store(self, asked: Asked) -> Store:
        found = self.all.get(asked.path["id"])
        if found is None or found.owner != asked.owner and not asked.query("token"):
            raise Refusal(404, "not_found", "Global Config not found.")
        return found

    def _read(self, asked: Asked) -> Store:
        found = self.all.get("ecfg_" + asked.path["reader"])
        if found is None:
            raise Refusal(404, "edge_config_not_found", "Could not find the Global Config")
        return found

    def _version(self, store: Store, id: str) -> Version:
        found = next((version for version in store.versions if version.id == id), None)
        if found is None:
            raise Refusal(404, "not_found", "The backup was not found.")
        return found


def _apply(values: dict[str, Any], operation: Any) -> None:
    if not isinstance(operation, dict) or operation.get("operation") not in OPERATIONS:
        raise bad_request("Invalid request: `operation` should be equal to one of the allowed values.")
    kind, key = operation["operation"], operation.get("key")
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise bad_request('Invalid request: `key` should match pattern "^[\\w-]+$".')
    if kind in ("update", "delete") and key not in values:
        raise Refusal(404, "not_found", f'The key "{key}" was not found.')
    if kind == "create" and key in values:
        raise Refusal(409, "conflict", f'The key "{key}" already exists.')
    if kind == "delete":
        del values[key]
    elif "value" not in operation:
        raise bad_request("Invalid request: missing required property `value`.")
    else:
        values[key] = operation["value"]


def _shown(store: Store) -> dict[str, Any]:
    return {
        "id": store.id,
        "slug": store.slug,
        "ownerId": store.owner,
        "createdAt": store.created,
        "updatedAt": store.updated,
        "digest": store.digest,
        "itemCount": len(store.values),
        "sizeInBytes": store.size,
        "transfer": None,
        "schema": store.schema,
        "purpose": None,
    }


def _version(version: Version) -> dict[str, Any]:
    metadata = {"itemsCount": len(version.values), "itemsBytes": len(json.dumps(version.values))}
    return {"id": version.id, "lastModified": version.at, "metadata": {**metadata, "updatedBy": USER_ID}}


def _read_answer(store: Store, value: Any, status: int = 200) -> Response:
    headers = {"x-edge-config-digest": store.digest, "x-edge-config-updated-at": str(store.updated)}
    return JSONResponse(value, status, headers)
