"""Secrets Manager: versions and their labels, of which moto drops all but its own.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import ACCOUNT, Call, Cloud, Service, on

MOST_BYTES = 65_536
MOST_VERSIONS = 100
MOST_LABELS = 20
A_DAY = 86_400.0


@dataclass
class Version:
    id: str
    created: float
    value: dict[str, Any] = field(repr=False)
    labels: set[str] = field(default_factory=set)


@dataclass
class Secret:
    """`deletes_at`: seconds of the world's clock when it is gone; None as long as it is not to be deleted."""

    name: str
    arn: str
    created: float
    changed: float
    versions: dict[str, Version] = field(default_factory=dict)
    description: str = ""
    key: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    deleted_at: float | None = None
    deletes_at: float | None = None
    policy: str = ""

    def labelled(self, label: str) -> Version | None:
        return next((version for version in self.versions.values() if label in version.labels), None)

    def move(self, label: str, to: Version | None) -> None:
        """A label is on one version at most; that which AWSCURRENT leaves gets AWSPREVIOUS."""
        before = self.labelled(label)
        if before is to:
            return
        if before:
            before.labels.discard(label)
        if to:
            to.labels.add(label)
        if label == "AWSCURRENT" and before:
            self.move("AWSPREVIOUS", before)

    def tidy(self) -> None:
        """More than a hundred versions are not kept: the oldest without a label go first."""
        spare = sorted((each for each in self.versions.values() if not each.labels), key=lambda each: each.created)
        for version in spare[: max(0, len(self.versions) - MOST_VERSIONS)]:
            del self.versions[version.id]


class SecretsManager(Service):
    name = "secretsmanager"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.regions: dict[str, dict[str, Secret]] = {}

    def _all(self, call: Call) -> dict[str, Secret]:
        secrets = self.regions.setdefault(call.region, {})
        for secret in list(secrets.values()):
            if secret.deletes_at is not None and secret.deletes_at <= self.world.clock.now():
                del secrets[secret.name]
        return secrets

    def _found(self, call: Call, id: str, *, also_deleted: bool = False) -> Secret:
        secrets = self._all(call)
        by_arn = (each for each in secrets.values() if each.arn in (id, f"{id}{each.arn[-7:]}"))
        found = secrets.get(id) or next(by_arn, None)
        if not found:
            raise Fault("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        if found.deleted_at is not None and not also_deleted:
            said = "You can't perform this operation on the secret because it was marked for deletion."
            raise Fault("InvalidRequestException", said)
        return found

    @on("CreateSecret")
    def create(self, call: Call) -> dict[str, Any]:
        params, name = call.params, call.params["Name"]
        if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", name):
            said = "Invalid name. Must be a valid name containing alphanumeric characters, or any of -/_+=.@!"
            raise Fault("ValidationException", said)
        value, token = _value(params), self._token(params)
        existing = self._all(call).get(name)
        if existing:
            same = existing.versions.get(token)
            if existing.deleted_at is not None:
                said = "You can't create this secret because a secret with this name is already scheduled for deletion."
                raise Fault("InvalidRequestException", said)
            if not same or same.value != value:
                raise Fault(
                    "ResourceExistsException", f"The operation failed because the secret {name} already exists."
                )
            return {"ARN": existing.arn, "Name": name, "VersionId": token}
        now = self.world.clock.now()
        suffix = "".join(self.world.random.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789", k=6))
        secret = Secret(name, f"arn:aws:secretsmanager:{call.region}:{ACCOUNT}:secret:{name}-{suffix}", now, now)
        secret.description, secret.key = params.get("Description", ""), params.get("KmsKeyId", "")
        secret.tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
        self._all(call)[name] = secret
        call.effect("secretsmanager.create_secret", name)
        if not value:
            return {"ARN": secret.arn, "Name": name}
        self._add(secret, token, value, ["AWSCURRENT"])
        return {"ARN": secret.arn, "Name": name, "VersionId": token}

    def _token(self, params: dict[str, Any]) -> str:
        token = params.get("ClientRequestToken") or str(UUID(int=self.world.random.getrandbits(128), version=4))
        if not 32 <= len(token) <= 64:
            raise Fault("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")
        return str(token)

    def _add(self, secret: Secret, token: str, value: dict[str, Any], labels: list[str]) -> Version:
        version = secret.versions[token] = Version(token, self.world.clock.now(), value)
        for label in labels if secret.labelled("AWSCURRENT") else [*labels, "AWSCURRENT"]:
            secret.move(label, version)
        secret.changed = version.created
        secret.tidy()
        return version

    @on("PutSecretValue")
    def put(self, call: Call) -> dict[str, Any]:
        secret, value, token = self._found(call, call.params["SecretId"]), _value(call.params), self._token(call.params)
        labels = call.params.get("VersionStages") or ["AWSCURRENT"]
        if not value:
            raise Fault("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
        version = secret.versions.get(token)
        if version and version.value != value:
            said = f"You can't use ClientRequestToken {token} because that value is already in use for a version"
            raise Fault("ResourceExistsException", f"{said} of secret {secret.arn}.")
        if not version:
            version = self._add(secret, token, value, labels)
            call.effect("secretsmanager.put_secret_value", secret.name, version=token)
        return {"ARN": secret.arn, "Name": secret.name, "VersionId": token, "VersionStages": sorted(version.labels)}

    @on("UpdateSecret")
    def update(self, call: Call) -> dict[str, Any]:
        secret, value = self._found(call, call.params["SecretId"]), _value(call.params)
        secret.description = call.params.get("Description", secret.description)
        secret.key = call.params.get("KmsKeyId", secret.key)
        secret.changed = self.world.clock.now()
        call.effect("secretsmanager.update_secret", secret.name)
        if not value:
            return {"ARN": secret.arn, "Name": secret.name}
        token = self._token(call.params)
        if token in secret.versions and secret.versions[token].value != value:
            raise Fault("ResourceExistsException", f"ClientRequestToken {token} is in use for another version.")
        if token not in secret.versions:
            self._add(secret, token, value, ["AWSCURRENT"])
        return {"ARN": secret.arn, "Name": secret.name, "VersionId": token}

    @on("GetSecretValue")
    def get(self, call: Call) -> dict[str, Any]:
        secret = self._found(call, call.params["SecretId"])
        id, label = call.params.get("VersionId"), call.params.get("VersionStage")
        version = secret.versions.get(id) if id else secret.labelled(label or "AWSCURRENT")
        if not version or (id and label and label not in version.labels):
            what = f"VersionId: {id}" if id else f"staging label: {label or 'AWSCURRENT'}"
            said = f"Secrets Manager can't find the specified secret value for {what}"
            raise Fault("ResourceNotFoundException", said)
        return _shown_value(secret, version)

    @on("BatchGetSecretValue")
    def get_several(self, call: Call) -> dict[str, Any]:
        values, errors = [], []
        for id in call.params.get("SecretIdList", []):
            try:
                secret = self._found(call, id)
                version = secret.labelled("AWSCURRENT")
                values += [_shown_value(secret, version)] if version else []
            except Fault as fault:
                errors.append({"SecretId": id, "ErrorCode": fault.code, "Message": fault.message})
        if "SecretIdList" not in call.params:
            found = [each for each in self._all(call).values() if _matches(each, call.params.get("Filters", []))]
            values = [_shown_value(each, version) for each in found if (version := each.labelled("AWSCURRENT"))]
        return {"SecretValues": values, "Errors": errors}

    @on("DescribeSecret")
    def describe(self, call: Call) -> dict[str, Any]:
        secret = self._found(call, call.params["SecretId"], also_deleted=True)
        labelled = {id: sorted(each.labels) for id, each in secret.versions.items() if each.labels}
        return {**_shown(secret), "VersionIdsToStages": labelled}

    @on("ListSecrets")
    def list(self, call: Call) -> dict[str, Any]:
        with_deleted = bool(call.params.get("IncludePlannedDeletion"))
        found = [each for each in self._all(call).values() if with_deleted or each.deleted_at is None]
        found = sorted((each for each in found if _matches(each, call.params.get("Filters", []))), key=lambda s: s.name)
        part, token = _page(found, call.params, lambda each: each.name)
        labelled = [{id: sorted(v.labels) for id, v in each.versions.items() if v.labels} for each in part]
        shown = [
            {**_shown(each), "SecretVersionsToStages": labels} for each, labels in zip(part, labelled, strict=True)
        ]
        return {"SecretList": shown, **({"NextToken": token} if token else {})}

    @on("ListSecretVersionIds")
    def list_versions(self, call: Call) -> dict[str, Any]:
        secret = self._found(call, call.params["SecretId"], also_deleted=True)
        every = bool(call.params.get("IncludeDeprecated"))
        found = [each for each in secret.versions.values() if each.labels or every]
        found.sort(key=lambda each: (each.created, each.id))
        part, token = _page(found, call.params, lambda each: f"{each.created:020.6f}{each.id}")
        shown = [{"VersionId": v.id, "VersionStages": sorted(v.labels), "CreatedDate": v.created} for v in part]
        more = {"NextToken": token} if token else {}
        return {"ARN": secret.arn, "Name": secret.name, "Versions": shown, **more}

    @on("UpdateSecretVersionStage")
    def move_label(self, call: Call) -> dict[str, Any]:
        params, secret = call.params, self._found(call, call.params["SecretId"])
        label, to, of = params["VersionStage"], params.get("MoveToVersionId"), params.get("RemoveFromVersionId")
        now_at = secret.labelled(label)
        for id in (to, of):
            if id and id not in secret.versions:
                raise Fault(
                    "ResourceNotFoundException", f"Secrets Manager can't find the specified secret version: {id}."
                )
        if of and (not now_at or now_at.id != of):
            said = f"The parameter RemoveFromVersionId can't be {of}: staging label {label} is not attached to it."
            raise Fault("InvalidParameterException", said)
        if to and now_at and now_at.id != to and not of:
            said = (
                f"The staging label {label} is currently attached to version {now_at.id}. You must explicitly reference"
            )
            raise Fault("InvalidParameterException", f"{said} that version in RemoveFromVersionId.")
        if not to and label == "AWSCURRENT":
            said = "You can only move staging label AWSCURRENT to a different secret version. It can't be removed."
            raise Fault("InvalidParameterException", said)
        if to and len(secret.versions[to].labels | {label}) > MOST_LABELS:
            raise Fault("LimitExceededException", f"A version can have at most {MOST_LABELS} staging labels.")
        secret.move(label, secret.versions[to] if to else None)
        call.effect("secretsmanager.move_label", secret.name, label=label, to=to or "")
        return {"ARN": secret.arn, "Name": secret.name}

    @on("DeleteSecret")
    def delete(self, call: Call) -> dict[str, Any]:
        params = call.params
        secret, now = self._found(call, params["SecretId"], also_deleted=True), self.world.clock.now()
        days = params.get("RecoveryWindowInDays")
        if days is not None and (not 7 <= int(days) <= 30 or params.get("ForceDeleteWithoutRecovery")):
            said = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
            raise Fault("InvalidParameterException", said)
        secret.deleted_at = now
        secret.deletes_at = now if params.get("ForceDeleteWithoutRecovery") else now + int(days or 30) * A_DAY
        call.effect("secretsmanager.delete_secret", secret.name)
        return {"ARN": secret.arn, "Name": secret.name, "DeletionDate": secret.deletes_at}

    @on("RestoreSecret")
    def restore(self, call: Call) -> dict[str, Any]:
        secret = self._found(call, call.params["SecretId"], also_deleted=True)
        secret.deleted_at = secret.deletes_at = None
        call.effect("secretsmanager.restore_secret", secret.name)
        return {"ARN": secret.arn, "Name": secret.name}

    @on("TagResource", "UntagResource")
    def tag(self, call: Call) -> dict[str, Any]:
        secret = self._found(call, call.params["SecretId"])
        secret.tags |= {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", [])}
        for key in call.params.get("TagKeys", []):
            secret.tags.pop(key, None)
        return {}

    @on("GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy")
    def policy(self, call: Call) -> dict[str, Any]:
        secret = self._found(call, call.params["SecretId"])
        if call.asked.operation != "GetResourcePolicy":
            secret.policy = call.params.get("ResourcePolicy", "")
        shown = {"ARN": secret.arn, "Name": secret.name}
        wanted = call.asked.operation == "GetResourcePolicy" and secret.policy
        return {**shown, "ResourcePolicy": secret.policy} if wanted else shown

    @on("ReplicateSecretToRegions", "RemoveRegionsFromReplication")
    def replicate(self, call: Call) -> dict[str, Any]:
        """In sync at once: the same secret is then found in the other region too."""
        secret = self._found(call, call.params["SecretId"])
        wanted = [each["Region"] for each in call.params.get("AddReplicaRegions", [])]
        for region in wanted:
            self.regions.setdefault(region, {})[secret.name] = secret
        for region in call.params.get("RemoveReplicaRegions", []):
            self.regions.get(region, {}).pop(secret.name, None)
        call.effect("secretsmanager.replicate_secret", secret.name, regions=wanted)
        shown = [{"Region": region, "Status": "InSync"} for region in wanted]
        return {"ARN": secret.arn, "ReplicationStatus": shown}

    @on("RotateSecret", "CancelRotateSecret")
    def rotate(self, call: Call) -> dict[str, Any]:
        self._found(call, call.params["SecretId"])
        said = "No Lambda rotation function ARN is associated with this secret."
        raise Fault("InvalidRequestException", said)

    @on("ValidateResourcePolicy")
    def validate(self, call: Call) -> dict[str, Any]:
        return {"PolicyValidationPassed": True, "ValidationErrors": []}


def _value(params: dict[str, Any]) -> dict[str, Any]:
    given = {name: params[name] for name in ("SecretString", "SecretBinary") if params.get(name)}
    if len(given) > 1:
        raise Fault("InvalidRequestException", "You can't specify both SecretString and SecretBinary.")
    for value in given.values():
        if len(value.encode() if isinstance(value, str) else value) > MOST_BYTES:
            said = "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have"
            raise Fault("ValidationException", f"{said} length less than or equal to {MOST_BYTES}")
    return given


def _shown_value(secret: Secret, version: Version) -> dict[str, Any]:
    about = {"ARN": secret.arn, "Name": secret.name, "VersionId": version.id, "CreatedDate": version.created}
    return {**about, **version.value, "VersionStages": sorted(version.labels)}


def _shown(secret: Secret) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ARN": secret.arn,
        "Name": secret.name,
        "CreatedDate": secret.created,
        "LastChangedDate": secret.changed,
        "Tags": [{"Key": key, "Value": value} for key, value in secret.tags.items()],
    }
    optional = {"Description": secret.description, "KmsKeyId": secret.key, "DeletedDate": secret.deleted_at}
    return shown | {name: value for name, value in optional.items() if value}


def _matches(secret: Secret, filters: list[dict[str, Any]]) -> bool:
    texts = {
        "name": [secret.name],
        "description": [secret.description],
        "tag-key": list(secret.tags),
        "tag-value": list(secret.tags.values()),
    }
    texts["all"] = [text for each in texts.values() for text in each]
    for wanted in filters:
        kept = texts.get(wanted["Key"], [])
        if not any(_begins(text, value) for text in kept for value in wanted["Values"]):
            return False
    return True


def _begins(text: str, value: str) -> bool:
    """Filters compare beginnings; an exclamation mark turns one around."""
    if value.startswith("!"):
        return not text.lower().startswith(value[1:].lower())
    return text.lower().startswith(value.lower())


def _page(items: list[Any], params: dict[str, Any], key: Any) -> tuple[list[Any], str]:
    size = int(params.get("MaxResults") or 100)
    after = params.get("NextToken", "")
    left = [item for item in items if key(item) > after]
    return left[:size], key(left[size - 1]) if len(left) > size else ""
