"""Cloudflare's cache: purge and invalidate.

https://developers.cloudflare.com/cache/how-to/purge-cache/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.errors import Problem, ProviderError
from dr_console.providers import limits
from dr_console.providers.capabilities.cdn import Forgotten, Limits, Targets
from dr_console.providers.cloudflare.account import zone
from dr_console.providers.cloudflare.wire import VENDOR, account_id, at, call, result, zone_id
from dr_console.providers.deadlines import Deadline

PURGE = _("purge the cache")
INVALIDATE = _("let the cache ask again")

MOST_ITEMS = 100
MOST_URLS = {"enterprise": 500}
FREE = "free"
# Whoever may purge may not be allowed to read the zone; finding out the plan must not take long.
SECONDS_FOR_THE_PLAN = 5.0


class _Accepted(BaseModel):
    id: str


class CloudflareCdn:
    """The cache of the zone that the settings name."""

    def purge(self, targets: Targets, *, deadline: Deadline) -> Forgotten:
        return self._ask("purge_cache", PURGE, targets, deadline)

    def invalidate(self, targets: Targets, *, deadline: Deadline) -> Forgotten:
        return self._ask("invalidate_cache", INVALIDATE, targets, deadline)

    def limits(self, *, deadline: Deadline) -> Limits:
        plan = _plan(deadline)
        known = plan if plan in limits.PURGE else FREE
        return Limits(plan, MOST_ITEMS, MOST_URLS.get(known, MOST_ITEMS), limits.PURGE[known][0])

    def _ask(self, action: str, operation: str, targets: Targets, deadline: Deadline) -> Forgotten:
        path, account = at("zones", zone_id(operation), action), account_id(operation)
        _check(targets, operation)
        allowed = self.limits(deadline=deadline)
        bodies = list(_bodies(targets, allowed))
        for body in bodies:
            urls = len(body.get("files", ()))
            of = limits.cloudflare_purge_urls if urls else limits.cloudflare_purge
            answer = call(
                "POST",
                path,
                operation=operation,
                deadline=deadline,
                json=body,
                harmless=True,
                also_counted=[of(account, allowed.plan)],
                cost=urls or 1,
            )
            result(answer, _Accepted)
        return Forgotten(len(bodies))


def _plan(deadline: Deadline) -> str:
    """The zone's plan: free, pro, business or enterprise; empty if it cannot be read now."""
    try:
        found = zone(deadline=deadline.no_later_than(SECONDS_FOR_THE_PLAN))
    except ProviderError:
        return ""
    return found.plan.legacy_id if found.plan else ""


def _bodies(targets: Targets, allowed: Limits) -> Iterator[dict[str, Any]]:
    """The requests to make. Each may name only one kind of thing, and so many of them."""
    if targets.everything:
        yield {"purge_everything": True}
        return
    kinds = (
        ("hosts", targets.hosts, allowed.items),
        ("prefixes", targets.prefixes, allowed.items),
        ("tags", targets.tags, allowed.items),
        ("files", targets.urls, allowed.urls),
    )
    for kind, values, most in kinds:
        for part in _parts(list(dict.fromkeys(values)), most):
            yield {kind: part}


def _parts(values: Sequence[str], most: int) -> Iterator[list[str]]:
    for start in range(0, len(values), most):
        yield list(values[start : start + most])


def _check(targets: Targets, operation: str) -> None:
    """Refuse what Cloudflare would not purge, or would quietly purge nothing by."""
    wrong = [prefix for prefix in targets.prefixes if "://" in prefix or "?" in prefix or "#" in prefix]
    wrong += [url for url in targets.urls if not url.startswith(("http://", "https://"))]
    wrong += [host for host in targets.hosts if "/" in host or not host]
    if wrong:
        raise ProviderError(VENDOR, operation, Problem.REFUSED, said=", ".join(wrong[:5]), permanent=True)
