"""Named stories to rehearse: each is a handful of fault rules, started and healed as one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from dr_console.sandbox.faults import Rule, WrongRule, check
from dr_console.sandbox.world import World

Values = dict[str, Any]
Text = dict[str, str]
TOKYO = "asia-northeast-1"


@dataclass(frozen=True)
class Parameter:
    """`choices`: by word that may be given, what it means. Without them it is a number from `least` to `most`."""

    name: str
    default: str | float
    description: Text
    choices: Mapping[str, str] | None = None
    least: float = 0.0
    most: float = 7 * 86_400.0

    def read(self, given: Any) -> str | float:
        """Raises WrongRule."""
        field = f"parameters.{self.name}"
        if self.choices is not None:
            if not isinstance(given, str) or given.lower() not in self.choices:
                raise WrongRule(field, f"{self.name} is one of {', '.join(self.choices)}.")
            return self.choices[given.lower()]
        is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
        if not is_number or not self.least <= given <= self.most:
            raise WrongRule(field, f"{self.name} is a number from {self.least:g} to {self.most:g}.")
        return float(given)

    def shown(self) -> Values:
        limits = (
            {"choices": list(self.choices)} if self.choices is not None else {"least": self.least, "most": self.most}
        )
        return {"name": self.name, "default": self.default, "description": self.description, **limits}


@dataclass(frozen=True)
class Scenario:
    name: str
    title: Text
    description: Text
    parameters: tuple[Parameter, ...]
    rules: Callable[[Values], list[Values]]

    def start(self, world: World, given: Values, vendors: Collection[str]) -> None:
        """Break the world accordingly; started again, with other parameters or not, it begins anew."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise WrongRule(f"parameters.{name}", f"{self.name} has no parameter “{name}”; {has}.")
        values = {name: parameter.read(given.get(name, parameter.default)) for name, parameter in known.items()}
        regions = {origin.region for origin in world.origins.values()}
        keyed = [{**rule, "key": f"{self.name}:{number}"} for number, rule in enumerate(self.rules(values))]
        rules = [Rule.model_validate(rule) for rule in keyed]
        for rule in rules:
            check(rule, set(vendors), regions)
        world.faults.remove(self.name)
        world.faults.add(*rules)

    def shown(self, world: World) -> Values:
        running = [fault for fault in world.faults.all() if fault.story == self.name]
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "parameters": [parameter.shown() for parameter in self.parameters],
            "running": bool(running),
            "since": min((fault.made_at for fault in running), default=None),
        }


def _region(default: str = TOKYO) -> Parameter:
    regions = {"asia-northeast-1": "tokyo", "us-west-1": "california", "eu-central-1": "frankfurt"}
    choices = {word: region for region, city in regions.items() for word in (region, city)}
    return Parameter("region", default, {"en": "Which region.", "zh-hans": "哪个区域。"}, choices)


def _share(default: float, en: str, zh: str) -> Parameter:
    return Parameter("share", default, {"en": en, "zh-hans": zh}, least=0.01, most=1.0)


def _seconds(name: str, default: float, en: str, zh: str) -> Parameter:
    return Parameter(name, default, {"en": en, "zh-hans": zh}, least=1.0)


_VENDORS = ("cloudflare", "vercel", "aws", "r2", "github", "pagerduty", "slack", "twilio", "email")
_HOW = {"error": "error", "reset": "reset", "timeout": "timeout", "throttled": "throttled"}

_ALL = (
    Scenario(
        "api-errors",
        {"en": "API errors", "zh-hans": "API错误"},
        {
            "en": "The API in one region answers with errors; static pages, the CDN and the other regions are well.",
            "zh-hans": "一个区域的 API 返回错误；静态页面、CDN 与其他区域均正常。",
        },
        (_region(), _share(1.0, "Which share of the requests fails.", "失败请求所占的比例。")),
        lambda chosen: [{"kind": "api-errors", "status": 500, **chosen}],
    ),
    Scenario(
        "cdn-outage",
        {"en": "CDN outage", "zh-hans": "CDN故障"},
        {
            "en": "The CDN answers with its own error page; origins that are asked directly are well.",
            "zh-hans": "CDN 返回其自身的错误页面；直接访问源站则正常。",
        },
        (_share(1.0, "Which share of the requests fails.", "失败请求所占的比例。"),),
        lambda chosen: [{"kind": "cdn-outage", "status": 500, **chosen}],
    ),
    Scenario(
        "region-outage",
        {"en": "Region outage", "zh-hans": "区域故障"},
        {
            "en": "Nothing in one region answers any more, neither directly nor through the CDN.",
            "zh-hans": "一个区域完全没有响应，无论直接访问还是经由 CDN。",
        },
        (
            _region(),
            Parameter(
                "how",
                "timeout",
                {"en": "Silence, or connections that are reset.", "zh-hans": "无响应，或连接被重置。"},
                {"timeout": "timeout", "reset": "reset"},
            ),
        ),
        lambda chosen: [{"kind": "region-lost", **chosen}],
    ),
    Scenario(
        "data-loss",
        {"en": "Data loss", "zh-hans": "数据丢失"},
        {
            "en": "What was written last is gone from the database, the cache is empty and the search index is lost. "
            "Healing does not bring it back: only a restore does.",
            "zh-hans": "数据库中最近写入的数据丢失，缓存被清空，搜索索引丢失。“修复”不会找回数据，只有恢复才能。",
        },
        (_seconds("seconds", 1_800.0, "How far back data is lost.", "丢失多长时间内的数据（秒）。"),),
        lambda chosen: [{"kind": "data-lost", **chosen}],
    ),
    Scenario(
        "slow-recovery",
        {"en": "Slow recovery", "zh-hans": "恢复缓慢"},
        {
            "en": "Tokyo is lost, changes of DNS take long to be seen, and the standby is slow at first.",
            "zh-hans": "东京区域中断，DNS 变更生效缓慢，备用区域起初响应缓慢。",
        },
        (
            _seconds("dns_seconds", 300.0, "How long DNS changes take to be seen.", "DNS 变更生效所需秒数。"),
            _seconds("slow_seconds", 600.0, "How long the standby stays slow.", "备用区域保持缓慢的秒数。"),
        ),
        lambda chosen: [
            {"kind": "region-lost", "region": TOKYO},
            {"kind": "dns-lag", "seconds": chosen["dns_seconds"]},
            {
                "kind": "region-slow",
                "region": "us-west-1",
                "seconds": 12.0,
                "share": 0.5,
                "until": chosen["slow_seconds"],
            },
        ],
    ),
    Scenario(
        "vendor-down",
        {"en": "A vendor's API is down", "zh-hans": "供应商 API 不可用"},
        {
            "en": "The API of one vendor does not work; users notice nothing.",
            "zh-hans": "某一供应商的 API 不可用；用户不受影响。",
        },
        (
            Parameter(
                "vendor",
                "cloudflare",
                {"en": "Which vendor.", "zh-hans": "哪个供应商。"},
                {name: name for name in _VENDORS},
            ),
            Parameter("how", "error", {"en": "How it fails.", "zh-hans": "如何失败。"}, _HOW),
        ),
        lambda chosen: [{"kind": chosen["how"], "vendor": chosen["vendor"]}],
    ),
    Scenario(
        "flapping",
        {"en": "Flapping", "zh-hans": "时好时坏"},
        {
            "en": "A region is lost, comes back, and is lost again.",
            "zh-hans": "某一区域反复中断又恢复。",
        },
        (
            _region(),
            _seconds("on_seconds", 45.0, "How long it is lost each time.", "每次中断的秒数。"),
            _seconds("off_seconds", 45.0, "How long it is well in between.", "每次恢复的秒数。"),
        ),
        lambda chosen: [{"kind": "region-lost", "how": "reset", **chosen}],
    ),
    Scenario(
        "console-isolated",
        {"en": "The console is cut off", "zh-hans": "控制台被隔离"},
        {
            "en": "Every request of the console fails, so that everything looks down to it; users are served well. "
            "A failover now would do harm.",
            "zh-hans": "控制台发出的所有请求均失败，看似一切都已中断；而用户访问正常。此时执行故障转移只会造成损害。",
        },
        (
            Parameter(
                "how",
                "reset",
                {"en": "How its requests fail.", "zh-hans": "请求如何失败。"},
                {"reset": "reset", "timeout": "timeout"},
            ),
        ),
        lambda chosen: [{"kind": chosen["how"], "vendor": "*"}],
    ),
)
SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in _ALL}
