"""AWS Secrets Manager: a document of secrets under labels of our own, in parts where it is large.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/
"""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.utils.timezone import now
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel, Field, ValidationError

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws.service import VENDOR, Service, refused
from dr_console.providers.capabilities.vault import Document, Kept, Stored
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline

PUT = _("keep the secrets in the vault")
GET = _("read the secrets from the vault")
VERSIONS = _("list the versions in the vault")
ROLL_BACK = _("make an earlier version in the vault the current one")
DELETE = _("delete a document from the vault")
UNDELETE = _("bring a deleted document of the vault back")
NAMES = _("list the documents in the vault")
# AWS takes 65,536 bytes.
MOST_BYTES = 60_000
CURRENT = "AWSCURRENT"
LABEL = "dr-"
PART = "/part-"
FORMAT = "dr-console/1"


class _Manifest(BaseModel):
    """What is kept under the document's name: the body itself, or which versions of which parts it is made of."""

    format: str
    sha256: str
    body: str | None = None
    parts: list[str] = Field(default_factory=list)


class _Version(BaseModel):
    VersionId: str
    VersionStages: list[str] = Field(default_factory=list)
    CreatedDate: datetime | None = None


class _Value(BaseModel):
    VersionId: str
    VersionStages: list[str] = Field(default_factory=list)
    CreatedDate: datetime
    SecretString: str = Field(repr=False)


class _Listed(BaseModel):
    Name: str


class SecretsManagerVault:
    """Documents whose names begin with the prefix of the settings, unless another is given."""

    def __init__(self, prefix: str = "", region: str = "") -> None:
        self._prefix = prefix
        self._secrets = Service("secretsmanager", region)

    def put(self, name: str, body: str, *, day: str, again: bool = False, deadline: Deadline) -> Stored:
        label, digest = LABEL + day, _digest(body)
        kept = self._current(name, PUT, deadline)
        if kept and _manifest(kept, PUT).sha256 == digest:
            if not any(each.startswith(LABEL) for each in kept.VersionStages):
                self._move(name, label, to=kept.VersionId, of="", operation=PUT, deadline=deadline)
            return Stored(kept.VersionId, label, False, _count(kept), digest)
        if kept and not again:
            today = next((each for each in self.versions(name, deadline=deadline) if label in each.labels), None)
            if today:
                return Stored(today.version, label, False, _count(kept), digest)
        pieces = _pieces(body) if len(_whole(body, digest).encode()) > MOST_BYTES else []
        # Named by what it is, so that the same wish makes the same version however often it is sent.
        token = str(uuid5(NAMESPACE_URL, f"{name} {label} {digest} {kept.VersionId if kept else ''}"))
        for number, piece in enumerate(pieces, 1):
            self._write(f"{name}{PART}{number:03}", piece, token, [CURRENT, label], deadline)
        manifest = _manifest_of(digest, [token] * len(pieces)) if pieces else _whole(body, digest)
        self._write(name, manifest, token, [CURRENT, label], deadline)
        return Stored(token, label, True, max(1, len(pieces)), digest)

    def _write(self, name: str, value: str, token: str, labels: list[str], deadline: Deadline) -> None:
        """A new version; the secret is made if there is none. By its token it is made once only."""
        params: dict[str, Any] = {"SecretString": value, "ClientRequestToken": token}
        try:
            self._secrets.change(
                "put_secret_value",
                PUT,
                deadline,
                harmless=True,
                SecretId=self._full(name, PUT),
                VersionStages=labels,
                **params,
            )
            return
        except ProviderError as error:
            if error.problem is not Problem.NOT_FOUND:
                raise
        self._secrets.change(
            "create_secret",
            PUT,
            deadline,
            harmless=True,
            Name=self._full(name, PUT),
            Description="Backup by DR Console",
            **params,
        )
        for label in labels:
            if label != CURRENT:
                self._move(name, label, to=token, of="", operation=PUT, deadline=deadline)

    def get(self, name: str, *, version: str = "", label: str = "", deadline: Deadline) -> Document:
        value = self._value(name, GET, deadline, version=version, label=label)
        manifest = _manifest(value, GET)
        if manifest.body is not None:
            body = manifest.body
        else:
            numbered = enumerate(manifest.parts, 1)
            body = "".join(
                self._value(f"{name}{PART}{number:03}", GET, deadline, version=part).SecretString
                for number, part in numbered
            )
        if _digest(body) != manifest.sha256:
            raise ProviderError(VENDOR, GET, Problem.GARBLED, said=f"the parts of {name} do not make up what was kept")
        return Document(
            name=name,
            version=value.VersionId,
            labels=frozenset(value.VersionStages),
            created_at=value.CreatedDate,
            digest=manifest.sha256,
            body=body,
        )

    def versions(self, name: str, *, deadline: Deadline) -> list[Kept]:
        found: list[_Version] = []
        more: dict[str, Any] = {}
        while True:  # boto3 has no paginator for it
            answer = self._secrets.read(
                "list_secret_version_ids", VERSIONS, deadline, SecretId=self._full(name, VERSIONS), **more
            )
            found += answer.read_as(list[_Version], at="Versions")
            more = {"NextToken": answer.json().get("NextToken")}
            if not more["NextToken"]:
                break
        kept = [Kept(each.VersionId, frozenset(each.VersionStages), each.CreatedDate) for each in found]
        return sorted(kept, key=lambda each: (each.created_at is not None, each.created_at), reverse=True)

    def roll_back(self, name: str, *, to: str, deadline: Deadline) -> Kept:
        known = self.versions(name, deadline=deadline)
        target = next((each for each in known if each.version == to), None)
        if target is None:
            raise ProviderError(VENDOR, ROLL_BACK, Problem.NOT_FOUND, said=to, permanent=True)
        # A manifest whose parts are gone must not become the current one.
        self.get(name, version=to, deadline=deadline)
        current = next((each.version for each in known if each.is_current), "")
        if current != to:
            self._move(name, CURRENT, to=to, of=current, operation=ROLL_BACK, deadline=deadline)
        return next(each for each in self.versions(name, deadline=deadline) if each.version == to)

    def _move(self, name: str, label: str, *, to: str, of: str, operation: str, deadline: Deadline) -> None:
        params: dict[str, Any] = {"SecretId": self._full(name, operation), "VersionStage": label, "MoveToVersionId": to}
        if of:
            params["RemoveFromVersionId"] = of
        self._secrets.change("update_secret_version_stage", operation, deadline, **params)

    def delete(self, name: str, *, recoverable_days: int = 30, deadline: Deadline) -> datetime:
        if not 7 <= recoverable_days <= 30:
            raise refused(DELETE, f"{recoverable_days} days: AWS takes 7 to 30")
        at = now()
        for each in [name, *self._parts(name, DELETE, deadline)]:
            answer = self._secrets.change(
                "delete_secret",
                DELETE,
                deadline,
                harmless=True,
                SecretId=self._full(each, DELETE),
                RecoveryWindowInDays=recoverable_days,
            )
            at = max(at, answer.read_as(datetime, at="DeletionDate"))
        return at

    def undelete(self, name: str, *, deadline: Deadline) -> None:
        for each in [name, *self._parts(name, UNDELETE, deadline)]:
            self._secrets.change(
                "restore_secret", UNDELETE, deadline, harmless=True, SecretId=self._full(each, UNDELETE)
            )

    def names(self, *, deadline: Deadline) -> list[str]:
        return sorted(name for name in self._listed("", NAMES, deadline) if PART not in name)

    def _parts(self, name: str, operation: str, deadline: Deadline) -> list[str]:
        found = self._listed(name + PART, operation, deadline, deleted=True)
        return sorted(each for each in found if each.startswith(name + PART))

    def _listed(self, start: str, operation: str, deadline: Deadline, *, deleted: bool = False) -> list[str]:
        prefix = self._full("", operation)
        pages = self._secrets.pages(
            "list_secrets",
            operation,
            deadline,
            Filters=[{"Key": "name", "Values": [prefix + start]}],
            IncludePlannedDeletion=deleted,
        )
        found = [each.Name for page in pages for each in page.read_as(list[_Listed], at="SecretList")]
        return [each.removeprefix(prefix) for each in found if each.startswith(prefix)]

    def _current(self, name: str, operation: str, deadline: Deadline) -> _Value | None:
        try:
            return self._value(name, operation, deadline)
        except ProviderError as error:
            if error.problem is not Problem.NOT_FOUND:
                raise
            return None

    def _value(self, name: str, operation: str, deadline: Deadline, *, version: str = "", label: str = "") -> _Value:
        which = {"VersionId": version} if version else {"VersionStage": label or CURRENT}
        answer = self._secrets.read(
            "get_secret_value", operation, deadline, SecretId=self._full(name, operation), **which
        )
        found: Any = answer.json()
        try:
            return _Value.model_validate(found)
        except ValidationError as error:
            # The answer itself must not be quoted: it is a secret.
            wrong = ".".join(str(place) for place in error.errors(include_input=False)[0]["loc"])
            raise ProviderError(VENDOR, operation, Problem.GARBLED, said=f"{wrong} of {name}") from None

    def _full(self, name: str, operation: str) -> str:
        return (self._prefix or credential("aws", "secret_prefix", operation=operation)) + name


def _digest(body: str) -> str:
    return sha256(body.encode()).hexdigest()


def _whole(body: str, digest: str) -> str:
    return json.dumps({"format": FORMAT, "sha256": digest, "body": body}, ensure_ascii=False)


def _manifest_of(digest: str, versions: list[str]) -> str:
    return json.dumps({"format": FORMAT, "sha256": digest, "parts": versions})


def _manifest(value: _Value, operation: str) -> _Manifest:
    """Whose text nobody else may see: it is not quoted where it is wrong."""
    try:
        found = _Manifest.model_validate_json(value.SecretString)
    except ValidationError:
        raise ProviderError(
            VENDOR, operation, Problem.GARBLED, said=f"version {value.VersionId} was not written by the console"
        ) from None
    if found.format != FORMAT:
        raise ProviderError(VENDOR, operation, Problem.GARBLED, said=f"unknown format of version {value.VersionId}")
    return found


def _count(value: _Value) -> int:
    return max(1, len(_manifest(value, PUT).parts))


def _pieces(body: str) -> list[str]:
    """Parts of at most so many bytes, cut between characters."""
    pieces: list[str] = []
    piece: list[str] = []
    size = 0
    for character in body:
        length = len(character.encode())
        if size + length > MOST_BYTES:
            pieces.append("".join(piece))
            piece, size = [], 0
        piece.append(character)
        size += length
    return [*pieces, "".join(piece)]
