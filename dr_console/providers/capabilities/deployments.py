"""Deployments: what runs for users of a hosted project, and how another one is made to.

A project is named as its vendor names it; a deployment by its id. Nothing here rebuilds but `redeploy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from dr_console.providers.deadlines import Deadline

# A switch that was asked for longer ago says nothing about the one that is waited for.
RECENT = timedelta(minutes=3)


class Readiness(StrEnum):
    COMING = "coming"
    READY = "ready"
    FAILED = "failed"  # it will not become ready: an error, or somebody stopped it


@dataclass(frozen=True)
class Deployment:
    """One built version. `state`: the vendor's own word. `error`: why it failed, in the vendor's words.

    `target`: "production", "preview" or a name of the project's own. `regions`: where its functions run; a list may
    leave them out.
    `reference`: what our redeploy was asked with; empty for all that others made.
    """

    id: str
    project: str
    url: str
    state: str
    readiness: Readiness
    target: str
    created_at: datetime
    regions: tuple[str, ...] = ()
    reference: str = ""
    error: str = ""


@dataclass(frozen=True)
class Project:
    """`regions`: for the functions of the *next* deployment. `current`: id of the deployment that production shows.

    `rolled_back`: an instant rollback is in force, so that new deployments are built and not shown.
    """

    id: str
    name: str
    regions: tuple[str, ...]
    fails_over: bool
    paused: bool
    current: str
    rolled_back: bool = False


class SwitchState(StrEnum):
    """How far the vendor is with showing another deployment."""

    WAITING = "waiting"
    UNDER_WAY = "under_way"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Switch:
    """The project's last promotion or rollback. `kind`: "promote" or "rollback"; `to`, `before`: ids of deployments."""

    kind: str
    before: str
    to: str
    state: SwitchState
    asked_at: datetime

    def is_recent(self, at: datetime) -> bool:
        return at - self.asked_at < RECENT


class Acceptance(StrEnum):
    STARTED = "started"
    QUEUED = "queued"  # behind a rolling release that is under way; it may take hours


@dataclass(frozen=True)
class AliasMove:
    """A host name that now shows `deployment`; before, it showed `before` (empty: nothing). Undo: assign `before`."""

    host: str
    deployment: str
    before: str


@dataclass(frozen=True)
class Domain:
    """A host name that belongs to a project. `challenges`: what must be in DNS before an unverified one is served."""

    name: str
    project_id: str
    verified: bool
    challenges: tuple[str, ...] = field(default=())


class DeploymentProvider(Protocol):
    # What there is. All of it is harmless.

    def deployments(
        self,
        project: str,
        *,
        target: str = "production",
        ready_only: bool = False,
        candidates_only: bool = False,
        limit: int = 20,
        deadline: Deadline,
    ) -> list[Deployment]:
        """Newest first. `candidates_only`: those that a rollback may go to. An empty `target` means any."""
        ...

    def deployment(self, id: str, *, deadline: Deadline) -> Deployment:
        """One of them as it now is. Raises NOT_FOUND."""
        ...

    def current(self, project: str, *, deadline: Deadline) -> Deployment | None:
        """The one that production shows; None if there is none."""
        ...

    def project(self, name: str, *, deadline: Deadline) -> Project:
        """Raises NOT_FOUND."""
        ...

    # Building again.

    def redeploy(self, id: str, *, reference: str, deadline: Deadline) -> Deployment:
        """Build this deployment once more, for production. Returns the new one, which is not ready yet.

        Not harmless: doing it twice builds twice. Whether a lost one happened: `redeployed(reference)`.
        """
        ...

    def redeployed(self, project: str, *, reference: str, deadline: Deadline) -> Deployment | None:
        """The newest deployment that a redeploy with this reference made; None: it did not happen."""
        ...

    def wait_until_ready(self, id: str, *, deadline: Deadline) -> Deployment:
        """Raises FAILED with the vendor's words if the build failed or was stopped, NOT_IN_TIME at the deadline."""
        ...

    # Showing another one, without building.

    def promote(self, project: str, id: str, *, deadline: Deadline) -> Acceptance:
        """Ask for production to show this one. Returns before it does: `wait_until_switched`.

        Twice is the same as once, but the second may be refused while the first is under way, or since production
        shows it already: look at `current` first. Whether a lost one happened: `last_switch`.
        It also ends the state after a rollback in which new deployments are not shown.
        """
        ...

    def rollback(self, project: str, id: str, *, reason: str = "", deadline: Deadline) -> Acceptance:
        """Ask for production to show an earlier one again, at once and with the variables it was built with.

        From then on new deployments are built and not shown, until one is promoted. Else as `promote`.
        """
        ...

    def last_switch(self, project: str, *, deadline: Deadline) -> Switch | None:
        """The last promotion or rollback that was asked for, by whomever; None if there was none."""
        ...

    def wait_until_switched(self, project: str, id: str, *, deadline: Deadline) -> Switch:
        """Wait for the promotion or rollback to `id` that was asked for within the last three minutes.

        An older one counts if it was the last, went well, and `id` is what production shows.
        Raises FAILED, which names the host names that still show the old one; NOT_IN_TIME at the deadline.
        """
        ...

    def failed_hosts(self, project: str, kind: str, *, deadline: Deadline) -> list[str]:
        """The host names that the last "promote" or "rollback" could not move."""
        ...

    # Host names.

    def shown_at(self, host: str, *, deadline: Deadline) -> str:
        """Id of the deployment that this host name shows. Raises NOT_FOUND."""
        ...

    def assign(self, host: str, id: str, *, deadline: Deadline) -> AliasMove:
        """Make a host name show a deployment. Twice is the same as once; but keep the first answer for the undo."""
        ...

    def domains(self, project: str, *, deadline: Deadline) -> list[Domain]: ...

    def move_domain(self, host: str, *, before: str, to: str, deadline: Deadline) -> Domain:
        """Move a host name from the project `before` to the project `to`. It can be moved back the same way.

        Where a lost answer leaves doubt: `domains`. If it is at `to` already, nothing is done.
        """
        ...

    # The project as a whole. Twice is the same as once.

    def pause(self, project: str, *, deadline: Deadline) -> None:
        """Answer users of production with an error instead of the product, and show no new deployments."""
        ...

    def unpause(self, project: str, *, deadline: Deadline) -> None: ...

    def set_regions(self, project: str, regions: Sequence[str], *, deadline: Deadline) -> Project:
        """Where functions are to run. It takes effect only with the next deployment, which takes minutes to build:
        to fail over to another region, keep a project there that is deployed already.
        """
        ...
