"""Let the CDN forget what it keeps, or ask again for it, once the new origin answers."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from django.utils.translation import gettext_noop as _

from dr_console.providers import registry as providers
from dr_console.providers.capabilities.cdn import CdnProvider, Forgotten, Targets
from dr_console.providers.deadlines import Deadline
from dr_console.runs.registry import Context, Facts, Idempotency, Observation, Preview, Sight, StepFunction, Warning
from dr_console.web.sentences import Sentence, sentence
from incidents.steps.parameters import Cache, problems, read


class _Forget(StepFunction):
    """A cache cannot be looked into: that it was asked to forget is known from the answer alone.

    There is nothing to put back: it fills again by itself.
    """

    idempotency: ClassVar[Idempotency] = Idempotency.HARMLESS_REPEAT
    call_seconds: ClassVar[float] = 20.0
    drill_safe: ClassVar[bool] = True
    path: ClassVar[str]

    def observe(self, context: Context) -> Observation:
        cache = read(Cache, context.parameters)
        asked = context.effect is not None
        text = _("The CDN was asked.") if asked else _("The CDN has not been asked yet.")
        return Observation(
            Sight.MATCHES if asked else Sight.DIFFERS,
            now={"asked": asked},
            wanted={"asked": True, "what": _what(cache)},
            said=sentence(text),
        )

    def act(self, context: Context) -> Facts:
        cache = read(Cache, context.parameters)
        forgotten = self.ask(providers.cdn(cache.provider), _targets(cache), context.deadline)
        return {"requests": forgotten.requests}

    @abstractmethod
    def ask(self, cdn: CdnProvider, targets: Targets, deadline: Deadline) -> Forgotten:
        """Send the request, or the several that it takes."""

    @abstractmethod
    def warning(self) -> Sentence:
        """What is to be known beforehand."""

    def preview(self, context: Context) -> Preview:
        cache = read(Cache, context.parameters)
        limits = providers.cdn(cache.provider).limits(deadline=context.deadline)
        warnings = [Warning(self.warning())]
        if not limits.plan:
            text = _("Which plan the zone has cannot be read; the smallest limit is kept to: %(burst)s at once.")
            warnings.append(Warning(sentence(text, burst=limits.burst)))
        return Preview(
            self.observe(context),
            calls=(("POST", "CDN", f"{self.path} {_written(cache)}"),),
            warnings=tuple(warnings),
            seconds=1.0,
        )

    def check(self, parameters: Facts) -> list[str]:
        return problems(Cache, parameters)

    def resources(self, parameters: Facts, context: Facts) -> list[str]:
        return [f"cdn:{read(Cache, parameters).provider}"]


class PurgeCdn(_Forget):
    """Forget: users get nothing old, and nothing at all while the origin is down."""

    name = "failover.purge_cdn"
    path = "purge_cache"

    def ask(self, cdn: CdnProvider, targets: Targets, deadline: Deadline) -> Forgotten:
        return cdn.purge(targets, deadline=deadline)

    def warning(self) -> Sentence:
        return sentence(_("What is purged cannot be served any more, not even while the origin is down."))


class InvalidateCdn(_Forget):
    """Ask again: the old is still served where the origin does not answer."""

    name = "failover.invalidate_cdn"
    path = "invalidate_cache"

    def ask(self, cdn: CdnProvider, targets: Targets, deadline: Deadline) -> Forgotten:
        return cdn.invalidate(targets, deadline=deadline)

    def warning(self) -> Sentence:
        return sentence(_("Every object is asked for once more: the origin gets more requests for a while."))


def _targets(cache: Cache) -> Targets:
    return Targets(
        hosts=tuple(cache.hosts),
        prefixes=tuple(cache.prefixes),
        tags=tuple(cache.tags),
        urls=tuple(cache.urls),
        everything=cache.everything,
    )


def _what(cache: Cache) -> Facts:
    if cache.everything:
        return {"everything": True}
    kinds = {"hosts": cache.hosts, "prefixes": cache.prefixes, "tags": cache.tags, "urls": cache.urls}
    return {kind: list(values) for kind, values in kinds.items() if values}


def _written(cache: Cache) -> str:
    return ", ".join(name if value is True else f"{name}={' '.join(value)}" for name, value in _what(cache).items())
