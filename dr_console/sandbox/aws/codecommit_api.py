"""CodeCommit's API: moto's repositories, and the branches of those that are served by git beside it.

https://docs.aws.amazon.com/codecommit/latest/APIReference/
"""

from __future__ import annotations

from typing import Any

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import Call, Service, on

REPOSITORY = "gemini-toolbox"
HEADS = "refs/heads/"


class CodeCommit(Service):
    name = "codecommit"

    def seed(self) -> None:
        self.cloud.backend("codecommit").create_repository(REPOSITORY, "Mirror of the toolbox")

    def _refs(self, call: Call) -> dict[str, str]:
        name = call.params["repositoryName"]
        if name not in call.cloud.backend("codecommit", region=call.region).repositories:
            raise Fault("RepositoryDoesNotExistException", f"{name} does not exist")
        found = self.cloud.git.get(name) if self.cloud.git else None
        return found.refs("refs/heads") if found else {}

    @on("GetRepository")
    def repository(self, call: Call) -> dict[str, Any]:
        refs = self._refs(call)
        result = call.result()
        if refs:
            main = "main" if f"{HEADS}main" in refs else next(iter(refs)).removeprefix(HEADS)
            result["repositoryMetadata"]["defaultBranch"] = main
        return result

    @on("ListRepositories")
    def repositories(self, call: Call) -> dict[str, Any]:
        found = call.cloud.backend("codecommit", region=call.region).repositories.values()
        about = [each.repository_metadata for each in found]
        keys = ("repositoryName", "repositoryId")
        return {"repositories": [{key: each[key] for key in keys} for each in about]}

    @on("CreateRepository")
    def create(self, call: Call) -> dict[str, Any]:
        result = call.result()
        name = call.params["repositoryName"]
        if self.cloud.git and self.cloud.git.get(name) is None:
            self.cloud.git.add(name)
        call.effect("codecommit.create_repository", name)
        return result

    @on("DeleteRepository")
    def delete(self, call: Call) -> dict[str, Any]:
        result = call.result()
        if self.cloud.git and result:
            self.cloud.git.remove(call.params["repositoryName"])
        call.effect("codecommit.delete_repository", call.params["repositoryName"])
        return result

    @on("ListBranches")
    def branches(self, call: Call) -> dict[str, Any]:
        return {"branches": sorted(name.removeprefix(HEADS) for name in self._refs(call))}

    @on("GetBranch")
    def branch(self, call: Call) -> dict[str, Any]:
        name, refs = call.params.get("branchName", ""), self._refs(call)
        if HEADS + name not in refs:
            raise Fault("BranchDoesNotExistException", f"{name} does not exist")
        return {"branch": {"branchName": name, "commitId": refs[HEADS + name]}}
