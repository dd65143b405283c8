"""Incidents in the middle of it: runs with steps in every state, as pages have to show them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.notifications.models import Delivery
from dr_console.runs import events
from dr_console.runs.models import Approval, Run, StepEvent
from dr_console.web.sentences import sentence
from incidents.models import Incident, TimelineEntry
from incidents.services import timeline
from tests import make

TITLES = {
    "check": {"en": "Check the primary", "zh-hans": "检查主服务"},
    "decide": {"en": "Confirm the region failure", "zh-hans": "确认区域故障"},
    "start": {"en": "Activate the standby (us-west-1)", "zh-hans": "激活备用部署（us-west-1）"},
    "warm": {"en": "Warm up the functions", "zh-hans": "预热函数"},
    "dns": {"en": "Point DNS at California", "zh-hans": "将 DNS 指向加利福尼亚"},
    "verify": {"en": "Verify through the public name", "zh-hans": "通过公共域名验证"},
    "purge": {"en": "Purge the CDN cache", "zh-hans": "清除 CDN 缓存"},
    "notify": {"en": "Notify the team", "zh-hans": "通知团队"},
    "alert": {"en": "CRITICAL alert: it failed", "zh-hans": "严重告警：失败"},
}
AFTER: dict[str, list[str]] = {
    "check": [],
    "decide": ["check"],
    "start": ["decide"],
    "warm": ["decide"],
    "dns": ["start", "warm"],
    "verify": ["dns"],
    "purge": ["verify"],
    "notify": ["verify"],
    "alert": ["start", "dns", "verify"],
}
SECONDS = {"check": 1.4, "decide": 3, "start": 108, "warm": 9, "dns": 4, "verify": 30, "purge": 5, "notify": 3}


def steps(at: datetime, states: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Every step of the region plan; those that `states` leaves out are done when they come before one that is not."""
    found = []
    began = at
    for key, after in AFTER.items():
        one: dict[str, Any] = {
            "key": key,
            "titles": TITLES[key],
            "depends_on": after,
            "expected_seconds": SECONDS.get(key),
        }
        if key == "dns":
            records = [{"name": "api.example.com", "type": "CNAME", "target": "backup.example.com"}]
            one |= {"does": "failover.point_dns", "parameters": {"provider": "cloudflare", "records": records}}
        one["runs_on"] = "failure" if key == "alert" else "success"
        one |= {"state": "pending"} | states.get(key, {})
        if one["state"] not in ("pending", "ready", "waiting_approval", "cancelled"):
            one.setdefault("started_at", began)
            began += timedelta(seconds=SECONDS.get(key, 5))
        if one["state"] in ("succeeded", "failed", "rolled_back", "failed_ignored"):
            one.setdefault("ended_at", began)
        found.append(one)
    return found


def done(said: str, **names: Any) -> dict[str, Any]:
    return {"state": "succeeded", "said": sentence(said, **names), "attempt": 1}


BEFORE_DNS = {
    "check": done(_("It does not answer: %(why)s"), why="connect timeout, 3 of 3"),
    "decide": done(_("Tokyo is down as %(count)s of 3 places see it"), count=3),
    "start": done(_("Vercel promoted %(id)s"), id="dpl_7Fx2") | {"attempt": 2, "max_attempts": 3},
    "warm": done(_("%(count)s functions answer"), count=4) | {"is_noop": True},
}
SCENES: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "approval": (
        "waiting_approval",
        BEFORE_DNS
        | {
            "dns": {
                "state": "waiting_approval",
                "needs_approval": True,
                "said": sentence(
                    _("Point %(name)s at %(target)s (Cloudflare)."), name="api.example.com", target="backup.example.com"
                ),
            }
        },
    ),
    "running": ("running", BEFORE_DNS | {"dns": {"state": "running", "phase": "verify", "attempt": 1}}),
    "blocked": (
        "running",
        BEFORE_DNS
        | {
            "dns": {
                "state": "retry_wait",
                "attempt": 2,
                "max_attempts": 5,
                "said": sentence(_("Blocked by %(vendor)s until %(at)s"), vendor="Cloudflare", at="14:41:07"),
            }
        },
    ),
    "failed": (
        "paused_by_failed_step",
        BEFORE_DNS
        | {
            "dns": {
                "state": "failed",
                "attempt": 5,
                "max_attempts": 5,
                "error": {
                    "vendor": "Cloudflare",
                    "operation": "change the DNS record",
                    "problem": "credentials",
                    "status": 403,
                    "code": "9109",
                    "said": "Unauthorized to access requested resource",
                    "permanent": True,
                    "outcome": "nothing",
                    "retry_after": None,
                },
            }
        },
    ),
    "done": (
        "succeeded",
        BEFORE_DNS
        | {
            "dns": done(_("%(name)s leads to %(target)s"), name="api.example.com", target="backup.example.com"),
            "verify": done(_("Healthy %(count)s times in a row from every place"), count=3),
            "purge": done(_("Everything is purged")),
            "notify": done(_("%(count)s messages")) | {"said": {}},
            "alert": {"state": "cancelled"},
        },
    ),
    "undone": (
        "rolled_back",
        BEFORE_DNS
        | {"dns": {"state": "rolled_back"}, "verify": {"state": "failed"}, "purge": {"state": "skipped"}}
        | {"notify": {"state": "cancelled"}, "alert": done(_("%(count)s messages"), count=3)},
    ),
}


def scene(name: str, *, started_ago: float = 359, commander: User | None = None, **fields: Any) -> Incident:
    """An incident with a run in that state, begun so many seconds ago."""
    state, states = SCENES[name]
    began = now() - timedelta(seconds=started_ago)
    defaults: dict[str, Any] = {
        "title": "API unavailable in Tokyo (asia-northeast-1)",
        "commander": commander,
        "started_at": began,
        "detected_at": began + timedelta(seconds=12),
        "failure": "region_failure",
        "diagnosis": {
            "kind": "region_failure",
            "reasons": [sentence(_("Tokyo is down as %(count)s of 3 places see it"), count=3)],
        },
    }
    if name == "done":
        defaults |= {"recovered_at": began + timedelta(seconds=211), "verified_at": began + timedelta(seconds=215)}
    incident = make.incident(**defaults | fields)
    run = make.run(
        *steps(began + timedelta(seconds=20), states),
        state=state,
        context={"to_region": "us-west-1"},
        is_practice=incident.is_practice,
        created_at=began + timedelta(seconds=20),
        plan_version=1,
        plan_key="region-to-california",
    )
    incident.runs.add(run)
    if name == "approval":
        step = run.steps.get(key="dns")
        Approval.objects.create(step=step, expires_at=now() + timedelta(seconds=83), on_expiry="go_ahead")
    tell(incident, run, began)
    return incident


def tell(incident: Incident, run: Run, began: datetime) -> None:
    """The story so far, the vendors' calls, and what people were sent."""
    said = [
        (0, "noticed", sentence(_("Health checks of %(service)s fail from all places"), service="API")),
        (12, "declared", sentence(_("Declared as %(severity)s"), severity="P0")),
        (13, "alerted", sentence(_("Told %(who)s by %(channel)s"), who="on-call engineer", channel="PagerDuty")),
        (20, "acted", sentence(_("“%(plan)s” was started: run %(run)s"), plan=run.titles, run=run.code)),
    ]
    for after, kind, words in said:
        at = began + timedelta(seconds=after)
        timeline.record(incident, words, kind=TimelineEntry.Kind(kind), at=at)
    calls = [("start", "Vercel", "POST", 201), ("dns", "Cloudflare", "PATCH", 200)]
    events.append(run, [StepEvent(run=run, kind="started", at=began + timedelta(seconds=20))])
    for key, vendor, method, status in calls:
        data = {"vendor": vendor, "method": method, "url": "https://api.example.com/v1/records"}
        data |= {"status": status, "seconds": 0.31}
        events.append(run, [StepEvent(run=run, step=key, kind="call", data=data, at=began + timedelta(seconds=30))])
    for channel, state, to in (
        ("pagerduty", "sent", "on-call engineer"),
        ("phone", "unknown", "CTO"),
        ("slack", "failed", "#incidents"),
    ):
        Delivery.objects.create(
            channel=channel,
            recipient=to,
            state=state,
            subject=f"[P0] {incident.title}",
            about=incident.reference,
            dedup_key=f"{incident.reference}-{channel}",
            attempts=1,
            created_at=began + timedelta(seconds=13),
        )
