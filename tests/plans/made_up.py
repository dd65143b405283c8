"""Whole plans that hypothesis makes up: every field of every section, within the rules."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from dr_console.plans import registry
from dr_console.plans.schema import PlanPart, Prose
from dr_console.plans.shapes import Shape, shapes
from incidents.plan.response import METRICS

Content = dict[str, Any]

PRINTED = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
LINES = st.text(PRINTED, min_size=1, max_size=40).map(str.strip).filter(bool) | st.sampled_from(
    [
        "no",
        "12:30",
        "2025-01-31",
        "1e3",
        "~",
        "- x",
        "# x",
        "a: b",
        "@oncall",
        "'\"",
        "{en}",
        "东京 🗼",
        "null",
        "15",
        "!x",
        "%",
    ]
)
TEXTS = st.lists(LINES | st.just(""), min_size=1, max_size=4).map(lambda lines: "\n".join(lines).strip()).filter(bool)
KEYS = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,4})?", fullmatch=True)
STEPS = st.from_regex(r"[a-z]{1,6}\.[a-z]{1,6}(_[a-z]{1,4})?", fullmatch=True)
PLAIN = LINES | st.booleans() | st.none() | st.integers(-(2**50), 2**50) | st.floats(-1e9, 1e9)
PARAMETERS = st.dictionaries(
    st.from_regex(r"[a-z][a-z_]{0,6}", fullmatch=True),
    st.recursive(
        PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(LINES, inner, max_size=2), max_leaves=4
    ),
    max_size=3,
)
BY_NAME = {
    "one line": LINES,
    "key: small letters, digits, -": KEYS,
    "name of a step function": STEPS,
    'time of day, in quotes: "09:00"': st.times().map(lambda clock: f"{clock:%H:%M}"),
    "IANA time zone": st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
    "date: 2025-01-31": st.dates(date(1970, 1, 1)).map(date.isoformat),
    "host name": KEYS.map(lambda key: f"{key}.example.com"),
    "address with https:// or http://": KEYS.map(lambda key: f"https://{key}.example.com/health?a=1"),
    "true or false": st.booleans(),
    "number": st.integers(1, 99) | st.floats(0.5, 99.5),
    "whole number": st.integers(1, 9),
    "mapping of names to anything": PARAMETERS,
}
ADDRESSES = {
    "phone": st.integers(0, 99).map(lambda number: f"+1-555-01{number:02}"),
    "email": KEYS.map(lambda key: f"{key}@example.com"),
    "slack": KEYS.map(lambda key: f"#{key}"),
    **dict.fromkeys(("pagerduty", "feishu", "dingtalk", "wecom", "teams", "mattermost"), KEYS),
}
# Others may refer to them.
NEVER_EMPTY = ("regions", "services", "degradation_levels", "contacts")
PERCENTILES = {"response_time_p50": 10, "response_time_p95": 20, "response_time_p99": 30}


@st.composite
def plans(draw: st.DrawFn) -> Content:
    """A plan's content as a file would have it: fields that may be left out are left out at times."""
    content: Content = {}
    for section in registry.sections():
        if not section.many:
            content[section.name] = entry(draw, section.entry, content, section.name)
            continue
        keys = draw(st.lists(KEYS, min_size=1 if section.name in NEVER_EMPTY else 0, max_size=3, unique=True))
        content[section.name] = [entry(draw, section.entry, content, section.name) | {"key": key} for key in keys]
        TOGETHER.get(section.name, lambda draw, entries: None)(draw, content[section.name])
    return content


def entry(draw: st.DrawFn, part: type[PlanPart], content: Content, where: str) -> Content:
    found = {}
    for shape in shapes(part):
        if part.model_fields[shape.name].is_required() or draw(st.booleans()):
            found[shape.name] = value(draw, shape, content, f"{where}.{shape.name}")
    RULES.get(where, lambda draw, entry, content: None)(draw, found, content)
    return found


def value(draw: st.DrawFn, shape: Shape, content: Content, where: str) -> Any:
    if shape.part:
        parts = [entry(draw, shape.part, content, where) for _ in range(draw(st.integers(1, 3)))]
        return list({str(part.get("key", (part.get("kind"), part.get("region")))): part for part in parts}.values())
    if shape.kind == "text":
        texts = TEXTS if shape.type is Prose else LINES
        return draw(texts | st.fixed_dictionaries({"en": texts, "zh-hans": texts}))
    if shape.optional and (draw(st.booleans()) or not may_refer(shape, content)):
        return None
    if shape.kind == "values":
        return draw(st.lists(single(shape, content), min_size=1, max_size=3, unique=True))
    return draw(single(shape, content))


def may_refer(shape: Shape, content: Content) -> bool:
    """Whether there is anything that it could refer to."""
    return not shape.refers or any(content[name] for name in shape.refers.sections.values())


def single(shape: Shape, content: Content) -> st.SearchStrategy[Any]:
    if shape.refers:
        known = [prefix + row["key"] for prefix, name in shape.refers.sections.items() for row in content[name]]
        return st.sampled_from(known)
    if isinstance(shape.type, type) and issubclass(shape.type, Enum):
        return st.sampled_from([option.value for option in shape.type])
    return BY_NAME[shape.called]


# --- What the fields of one entry have to do with each other ----------------------------------------
def one_primary(draw: st.DrawFn, regions: list[Content]) -> None:
    for index, region in enumerate(regions):
        region["role"] = "secondary" if index else "primary"


def ways_back(draw: st.DrawFn, plans: list[Content]) -> None:
    keys = [plan["key"] for plan in plans]
    for plan in plans:
        others = st.sampled_from([key for key in keys if key != plan["key"]]) if len(keys) > 1 else st.nothing()
        plan["fails_back"] = draw(st.none() | others)


def own_levels(draw: st.DrawFn, levels: list[Content]) -> None:
    for index, level in enumerate(levels):
        level["level"] = index


def own_severities(draw: st.DrawFn, policies: list[Content]) -> None:
    for policy, severity in zip(policies, draw(st.permutations(["P0", "P1", "P2", "P3"])), strict=False):
        policy["severity"] = severity


def own_audiences(draw: st.DrawFn, policies: list[Content]) -> None:
    for policy, audience in zip(policies, draw(st.permutations(["responders", "managers", "customers"])), strict=False):
        policy["audience"] = audience


def read_channels(draw: st.DrawFn, policy: Content, content: Content) -> None:
    policy["channels"] = draw(st.lists(st.sampled_from(["email", "slack"]), unique=True))


def filled_in(draw: st.DrawFn, wording: Content, content: Content) -> None:
    for name in wording.keys() - {"stage"}:
        wording[name] = draw(st.sampled_from(["{severity} {title}", {"en": "{service}", "zh-hans": "{service} 故障"}]))


def address(draw: st.DrawFn, channel: Content, content: Content) -> None:
    channel["address"] = draw(ADDRESSES[channel["kind"]])


def metric(draw: st.DrawFn, threshold: Content, content: Content) -> None:
    threshold["comparison"], threshold["unit"] = METRICS[threshold["metric"]]
    threshold["value"] = PERCENTILES.get(threshold["metric"], threshold["value"])


def interval(draw: st.DrawFn, policy: Content, content: Content) -> None:
    policy["interval_seconds"] = draw(st.integers(1, 9999)) if policy["frequency"] == "interval" else None


def order(draw: st.DrawFn, plan: Content, content: Content) -> None:
    plan["automatic"] = plan["automatic"] and plan["failure"] != "manual"
    if plan.get("from_region") == plan.get("to_region"):
        plan.pop("to_region", None)
    before: list[str] = []
    for step in plan["steps"]:
        step["depends_on"] = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        if not step["depends_on"]:
            step.pop("runs_on", None)
        before.append(step["key"])


def known_step(draw: st.DrawFn, step: Content, content: Content) -> None:
    """One that there is, told what it can be told."""
    host, url = (
        draw(KEYS.map(lambda key: f"{key}.example.com")),
        draw(KEYS.map(lambda key: f"https://{key}.example.com/")),
    )
    told: dict[str, Content] = {
        "failover.confirm_failure": {"urls": [url], "failure": "api_errors"},
        "failover.check_primary": {"urls": [url], "stop_when_healthy": draw(st.booleans())},
        "failover.switch_region": {"urls": [url], "provider": "vercel", "project": draw(LINES)},
        "failover.point_dns": {"records": [{"name": host, "target": "backup.example.com", "proxied": False}]},
        "failover.purge_cdn": {"everything": True, "tags": draw(st.lists(LINES, max_size=2, unique=True))},
        "failover.verify_health": {"urls": [url], "successes": 2, "says": {"region": draw(LINES)}},
        "failover.notify": {"event": "recovered"},
    }
    step["does"] = draw(st.sampled_from(sorted(told)))
    step["parameters"] = told[step["does"]]


def nothing_on_and_off(draw: st.DrawFn, level: Content, content: Content) -> None:
    on = level.get("features_on", [])
    level["features_off"] = [feature for feature in level.get("features_off", []) if feature not in on]


def unit(draw: st.DrawFn, criterion: Content, content: Content) -> None:
    units = {
        "recovery_time": "minutes",
        "recovery_point": "minutes",
        "records_lost": "records",
        "alerts_fired": "percent",
    }
    criterion["unit"] = units[criterion["metric"]]


def rule(draw: st.DrawFn, calendar: Content, content: Content) -> None:
    calendar["rule"] = draw(st.sampled_from(["FREQ=MONTHLY;BYDAY=1WE", "FREQ=WEEKLY;INTERVAL=2", "FREQ=DAILY"]))
    calendar["starts_on"] = draw(st.dates(date(2000, 1, 1), date(2030, 1, 1)).map(date.isoformat))


def pattern(draw: st.DrawFn, template: Content, content: Content) -> None:
    template["reference_pattern"] = draw(st.sampled_from(["INC-{year}-{number:03}", "{number}x{year}"]))


def hours(draw: st.DrawFn, vendor: Content, content: Content) -> None:
    vendor["hours"] = draw(st.sampled_from(["24/7", "Mon-Fri 09:00-18:00 Asia/Tokyo", None]))


def shift_hours(draw: st.DrawFn, layer: Content, content: Content) -> None:
    layer["hours"] = draw(st.sampled_from(["09:00-17:00", "22:00-06:00", "16:00-24:00", None]))


def quiet(draw: st.DrawFn, contact: Content, content: Content) -> None:
    contact["quiet_hours"] = draw(st.sampled_from(["22:00-07:00", "12:00-13:00", None]))


def status(draw: st.DrawFn, endpoint: Content, content: Content) -> None:
    endpoint["expected_status"] = draw(st.integers(100, 599))


TOGETHER = {
    "regions": one_primary,
    "failover_plans": ways_back,
    "degradation_levels": own_levels,
    "escalation_policies": own_severities,
    "status_updates": own_audiences,
}
RULES = {
    "services.endpoints": status,
    "failover_plans": order,
    "failover_plans.steps": known_step,
    "degradation_levels": nothing_on_and_off,
    "thresholds": metric,
    "contacts": quiet,
    "contacts.channels": address,
    "rotations.layers": shift_hours,
    "vendors": hours,
    "vendors.channels": address,
    "status_updates": read_channels,
    "status_updates.wordings": filled_in,
    "report_template": pattern,
    "backup_policies": interval,
    "drill_calendar": rule,
    "drill_calendar.criteria": unit,
}
