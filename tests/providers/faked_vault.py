"""Secrets Manager by hand: versions, and labels of which each is on one version at most."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.providers.faked_aws import NOW, FakedAws, Refusal

Params = dict[str, Any]


class FakedSecrets:
    """`secrets`: by name, its versions by id. `labels`: by name and label, the id."""

    def __init__(self) -> None:
        self.secrets: dict[str, dict[str, Params]] = {}
        self.labels: dict[tuple[str, str], str] = {}
        self.deleted: set[str] = set()

    def fake(self) -> FakedAws:
        return FakedAws(
            {
                "secretsmanager.CreateSecret": self.create,
                "secretsmanager.PutSecretValue": self.put,
                "secretsmanager.GetSecretValue": self.get,
                "secretsmanager.ListSecretVersionIds": self.versions,
                "secretsmanager.UpdateSecretVersionStage": self.move,
                "secretsmanager.DeleteSecret": self.delete,
                "secretsmanager.RestoreSecret": self.restore,
                "secretsmanager.ListSecrets": self.list,
            }
        )

    def create(self, params: Params) -> Params:
        if params["Name"] in self.secrets:
            raise Refusal("ResourceExistsException", "The operation failed because the secret already exists.")
        self.secrets[params["Name"]] = {}
        made = self._add(params["Name"], params, ["AWSCURRENT"])
        return {"Name": made["Name"], "VersionId": made["VersionId"]}

    def put(self, params: Params) -> Params:
        versions = self._versions(params["SecretId"])
        same = versions.get(params["ClientRequestToken"])
        if same and same["SecretString"] != params["SecretString"]:
            raise Refusal("ResourceExistsException", "You can't use ClientRequestToken …")
        if same:
            return self._shown(params["SecretId"], params["ClientRequestToken"])
        return self._add(params["SecretId"], params, params["VersionStages"])

    def get(self, params: Params) -> Params:
        versions = self._versions(params["SecretId"])
        if params["SecretId"] in self.deleted:
            raise Refusal("InvalidRequestException", "it was marked for deletion")
        id = params.get("VersionId") or self.labels.get((params["SecretId"], params["VersionStage"]), "")
        if id not in versions:
            raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret value")
        version = versions[id]
        return {**self._shown(params["SecretId"], id), **version}

    def versions(self, params: Params) -> Params:
        versions = self._versions(params["SecretId"])
        shown = [{**self._shown(params["SecretId"], id), "CreatedDate": v["CreatedDate"]} for id, v in versions.items()]
        keys = ("VersionId", "VersionStages", "CreatedDate")
        return {"Versions": [{key: each[key] for key in keys} for each in shown if each["VersionStages"]]}

    def move(self, params: Params) -> Params:
        name, label, to = params["SecretId"], params["VersionStage"], params["MoveToVersionId"]
        before = self.labels.get((name, label))
        if before and before != params.get("RemoveFromVersionId"):
            raise Refusal("InvalidParameterException", "You must explicitly reference that version")
        self._label(name, label, to)
        return {"Name": name}

    def delete(self, params: Params) -> Params:
        self._versions(params["SecretId"])
        self.deleted.add(params["SecretId"])
        return {"DeletionDate": NOW + timedelta(days=params["RecoveryWindowInDays"])}

    def restore(self, params: Params) -> Params:
        self.deleted.discard(params["SecretId"])
        return {"Name": params["SecretId"]}

    def list(self, params: Params) -> Params:
        start = params["Filters"][0]["Values"][0]
        found = [name for name in self.secrets if name.startswith(start)]
        return {"SecretList": [{"Name": n} for n in found if params["IncludePlannedDeletion"] or n not in self.deleted]}

    def _versions(self, name: str) -> dict[str, Params]:
        if name not in self.secrets:
            raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return self.secrets[name]

    def _add(self, name: str, params: Params, labels: Any) -> Params:
        token = params["ClientRequestToken"]
        at = NOW + timedelta(seconds=len(self.secrets[name]))
        self.secrets[name][token] = {"SecretString": params["SecretString"], "CreatedDate": at}
        for label in labels:
            self._label(name, label, token)
        return self._shown(name, token)

    def _label(self, name: str, label: str, id: str) -> None:
        before = self.labels.get((name, label))
        self.labels[name, label] = id
        if label == "AWSCURRENT" and before and before != id:
            self.labels[name, "AWSPREVIOUS"] = before

    def _shown(self, name: str, id: str) -> Params:
        labels = sorted(label for (n, label), at in self.labels.items() if (n, at) == (name, id))
        return {"Name": name, "VersionId": id, "VersionStages": labels}
