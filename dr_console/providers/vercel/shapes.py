"""What we read of Vercel's answers about deployments and projects, and how it becomes our own nouns."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from dr_console.providers.capabilities.deployments import (
    Deployment,
    Domain,
    Project,
    Readiness,
    Switch,
    SwitchState,
)
from dr_console.providers.vercel.wire import Moment

# Our mark in the meta of a redeploy, by which it is found again.
REFERENCE = "drReference"

_READINESS = {
    "READY": Readiness.READY,
    "ERROR": Readiness.FAILED,
    "CANCELED": Readiness.FAILED,
    "BLOCKED": Readiness.FAILED,
    "DELETED": Readiness.FAILED,
}
_SWITCH_STATES = {
    "pending": SwitchState.WAITING,
    "in-progress": SwitchState.UNDER_WAY,
    "succeeded": SwitchState.DONE,
    "failed": SwitchState.FAILED,
    "skipped": SwitchState.SKIPPED,
}


class DeploymentShape(BaseModel):
    """One deployment: a list calls its id `uid` and its time `created`, all else `id` and `createdAt`."""

    id: str = ""
    uid: str = ""
    name: str
    url: str | None = None  # null while it is queued
    readyState: str
    target: str | None = None
    created: Moment | None = None
    createdAt: Moment
    regions: list[str] = []
    meta: dict[str, Any] = {}
    errorCode: str | None = None
    errorMessage: str | None = None
    errorStep: str | None = None
    readyStateReason: str | None = None

    def deployment(self) -> Deployment:
        return Deployment(
            id=self.id or self.uid,
            project=self.name,
            url=f"https://{self.url}" if self.url else "",
            state=self.readyState,
            readiness=_READINESS.get(self.readyState, Readiness.COMING),
            target=self.target or "preview",
            created_at=self.createdAt,
            regions=tuple(self.regions),
            reference=str(self.meta.get(REFERENCE, "")),
            error=self._error(),
        )

    def _error(self) -> str:
        said = ": ".join(filter(None, [self.errorStep, self.errorCode, self.errorMessage or self.readyStateReason]))
        return said or (self.readyState if _READINESS.get(self.readyState) is Readiness.FAILED else "")


class _ResourceConfig(BaseModel):
    functionDefaultRegions: list[str] = []
    functionZeroConfigFailover: bool | None = None


class _Target(BaseModel):
    id: str


class _AliasRequest(BaseModel):
    fromDeploymentId: str | None = None
    toDeploymentId: str
    jobStatus: str
    requestedAt: Moment
    type: str


class ProjectShape(BaseModel):
    id: str
    name: str
    resourceConfig: _ResourceConfig = Field(default_factory=_ResourceConfig)
    serverlessFunctionZeroConfigFailover: bool | None = None
    paused: bool | None = None
    targets: dict[str, _Target | None] = {}
    lastAliasRequest: _AliasRequest | None = None
    lastRollbackTarget: dict[str, Any] | None = None

    def project(self) -> Project:
        production = self.targets.get("production")
        return Project(
            id=self.id,
            name=self.name,
            regions=tuple(self.resourceConfig.functionDefaultRegions),
            fails_over=bool(
                self.resourceConfig.functionZeroConfigFailover or self.serverlessFunctionZeroConfigFailover
            ),
            paused=bool(self.paused),
            current=production.id if production else "",
            rolled_back=bool(self.lastRollbackTarget),
        )

    def switch(self) -> Switch | None:
        asked = self.lastAliasRequest
        if asked is None:
            return None
        return Switch(
            kind=asked.type,
            before=asked.fromDeploymentId or "",
            to=asked.toDeploymentId,
            state=_SWITCH_STATES.get(asked.jobStatus, SwitchState.WAITING),
            asked_at=asked.requestedAt,
        )


class DomainShape(BaseModel):
    class _Challenge(BaseModel):
        type: str
        domain: str
        value: str

    name: str
    projectId: str
    verified: bool
    verification: list[_Challenge] = []

    def domain(self) -> Domain:
        challenges = tuple(f"{wanted.domain} {wanted.type} {wanted.value}" for wanted in self.verification)
        return Domain(self.name, self.projectId, self.verified, challenges)
