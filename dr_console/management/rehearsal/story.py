"""The course of a rehearsal: all is well, the world breaks, the console acts, the truth is heard, all is put back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.timezone import now

from dr_console.management.rehearsal import holding, readiness, restoring
from dr_console.management.rehearsal.facts import Happened, Terms, Told
from dr_console.management.rehearsal.judging import judge
from dr_console.management.rehearsal.report import Report
from dr_console.management.rehearsal.scenarios import Scene
from dr_console.management.rehearsal.screen import Picture, Screen
from dr_console.management.rehearsal.watching import Watch
from dr_console.management.rehearsal.world import World
from dr_console.runs.models import Run
from incidents.models import Incident, Objectives

LOOK_EVERY_SECONDS = 0.2
USERS_EVERY_SECONDS = 1.0
# Ours: however fast the world runs, the console's own work takes its time.
LEAST_PATIENCE_SECONDS = 90.0
MESSAGES_SECONDS = 15.0
LEAST_REFUSED_SECONDS = 10.0


@dataclass
class Rehearsal:
    """One rehearsal. `parameters`: of the scenario, in place of the scene's own."""

    scene: Scene
    parameters: dict[str, Any]
    screen: Screen
    watch: Watch = field(init=False)
    world: World = field(init=False)
    terms: Terms = field(init=False)
    broken_at: float = field(init=False, default=0.0)
    _users_at: float = field(init=False, default=0.0)
    _failing: float | None = field(init=False, default=None)

    def carry_out(self) -> Report:
        """Raises ProviderError if the sandbox does not answer, NotReady if the console is not well to begin with."""
        began_at, began = now(), time.monotonic()
        readiness.wait(self.screen)
        self.watch, self.world = Watch(), World()
        self.terms = self._agreed()
        if self.scene.after_changes:
            holding.hold()
        try:
            self._break()
            self._let_it_act() if self.scene.must_act else self._see_it_refuse()
            told, happened = self.watch.told(self.world.clocks), self.world.happened()
        finally:
            if self.scene.after_changes:
                holding.release()
            restored = self._put_back()
        happened = replace(happened, doubles=self.world.happened().doubles, as_before=restored)
        lines = judge(self.terms, told, happened)
        return self._report(told, happened, began_at=began_at, seconds=time.monotonic() - began, lines=lines)

    def _agreed(self) -> Terms:
        objectives = Objectives.objects.current().get()
        return Terms(
            scenario=self.scene.name,
            speed=self.world.clocks.speed,
            probe_seconds=settings.DR_PROBE_INTERVAL_SECONDS,
            rto_seconds=objectives.rto.total_seconds(),
            rpo_seconds=objectives.rpo.total_seconds(),
            must_act=self.scene.must_act,
            because=self.scene.because,
            parameters=self.parameters,
        )

    def _break(self) -> None:
        self.broken_at = self.world.break_with(self.scene.name, self.parameters)
        said = ", ".join(f"{name} {value}" for name, value in self.parameters.items())
        self.screen.say(f"The world is broken: {self.scene.name}{f' ({said})' if said else ''}", at=0.0)

    def _let_it_act(self) -> None:
        """Until the console has verified that users are served, they are, and everybody has been told."""
        patience = max(2 * self.terms.rto_seconds / self.terms.speed, LEAST_PATIENCE_SECONDS)
        if self._until(self._has_ended, patience):
            self._until(self.world.is_served, patience / 2)
            self._until(lambda: not self.watch.messages_under_way(), MESSAGES_SECONDS)
        else:
            self.screen.say("It has taken too long.", at=self._elapsed())

    def _has_ended(self) -> bool:
        """Has the console done what it wanted to?"""
        runs = self.watch.runs(Run.Kind.FAILOVER)
        stopped = (Run.State.PAUSED_BY_FAILED_STEP,)
        return bool(runs) and all(not run.is_active or run.state in stopped for run in runs)

    def _see_it_refuse(self) -> None:
        """Until it has shown why it does nothing, and has gone on doing nothing for a while."""
        patience = max(self.scene.seconds / self.terms.speed, LEAST_REFUSED_SECONDS)
        if self.scene.after_changes:
            self._until(lambda: self.watch.changes() >= self.scene.after_changes, 3 * patience)
            holding.release()
            self.screen.say("It has come and gone; the kill switch is released", at=self._elapsed())
        self._until(lambda: self.scene.because in self.watch.refusals(), 3 * patience)
        self._until(lambda: bool(self.watch.runs(Run.Kind.FAILOVER)), patience)

    def _put_back(self) -> bool | None:
        """End every fault, and go back to where users were served before. None where nothing had been moved."""
        self.world.heal()
        self.screen.say("Everything is healed", at=self._elapsed())
        if not self.watch.runs(Run.Kind.FAILOVER):
            return None
        patience = max(self.terms.rto_seconds / self.terms.speed, LEAST_PATIENCE_SECONDS)
        restoring.go_back(self.watch, until=self._until, patience=patience)
        return self._until(self.world.is_as_before, patience)

    def _until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Look until it is so, and tell what happens meanwhile; False if it is not in so many seconds of ours."""
        until = time.monotonic() + seconds
        while True:
            self._tell()
            if is_so():
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(LOOK_EVERY_SECONDS)

    def _tell(self) -> None:
        for at, text in self.watch.news():
            self.screen.say(text, at=self._elapsed(self.world.clocks.at(at)))
        if time.monotonic() - self._users_at >= USERS_EVERY_SECONDS:
            self._users_at, self._failing = time.monotonic(), self.world.failing()
        incident = self.watch.incident()
        self.screen.show(
            Picture(
                scenario=self.scene.name,
                elapsed=self._elapsed() or 0.0,
                goal=self.terms.rto_seconds,
                speed=self.terms.speed,
                incident=incident.reference if incident else "",
                state=_state(incident),
                failing=self._failing,
                steps=self.watch.steps_shown(),
            )
        )
        # A long transaction would see the same for ever, and keep SQLite from tidying up.
        connection.close_if_unusable_or_obsolete()

    def _elapsed(self, at: float | None = None) -> float | None:
        if not self.broken_at:
            return None
        return (self.world.clocks.now() if at is None else at) - self.broken_at

    def _report(self, told: Told, happened: Happened, **more: Any) -> Report:
        return Report(
            scenario=self.scene.name,
            parameters=self.parameters,
            expected="acts" if self.scene.must_act else "refuses",
            speed=self.terms.speed,
            probe_seconds=self.terms.probe_seconds,
            tolerance_seconds=self.terms.tolerance_seconds,
            incident=told.incident,
            failure=told.failure,
            reasons=list(told.reasons if self.scene.must_act else told.refusals.values()),
            passed=all(line.is_good for line in more["lines"]),
            **more,
        )


def _state(incident: Incident | None) -> str:
    return f"{incident.get_severity_display()} · {incident.get_status_display()}" if incident else ""
