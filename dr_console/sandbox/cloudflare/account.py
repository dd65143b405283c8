"""Who one is at Cloudflare, and what one has: user, tokens, accounts, zones, their plan and settings.

https://developers.cloudflare.com/api/resources/zones/
"""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dr_console.sandbox.cloudflare.envelope import (
    HEX_ID,
    Refusal,
    identifier,
    moment,
    no_route,
    ok,
    paged,
    sent,
    wanted,
)
from dr_console.sandbox.cloudflare.front import Tokens
from dr_console.sandbox.cloudflare.validation import is_host
from dr_console.sandbox.cloudflare.zones import Zone, Zones
from dr_console.sandbox.r2_events import ACCOUNT_ID
from dr_console.sandbox.world import World

USER_ID, EMAIL = "b" * 32, "operator@example.com"
PLANS = {
    "free": ("0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Free Website", 0),
    "pro": ("94f3b7b768b0458b56d2cac4fe5ec0f9", "Pro Website", 25),
    "business": ("94f3b7b768b0458b56d2cac4fe5ec0f8", "Business Website", 250),
    "enterprise": ("94f3b7b768b0458b56d2cac4fe5ec0f7", "Enterprise Website", 0),
}
# As the zone lists them, and as a token can lack them.
PERMISSIONS = {
    "#zone:read": "zone:read",
    "#dns_records:read": "dns:read",
    "#dns_records:edit": "dns:edit",
    "#cache_purge:edit": "cache:edit",
    "#zone_settings:read": "zone:read",
}
SETTINGS: dict[str, Any] = {
    "always_online": "off",
    "always_use_https": "on",
    "browser_cache_ttl": 14_400,
    "cache_level": "aggressive",
    "development_mode": "off",
    "ipv6": "on",
    "min_tls_version": "1.2",
    "ssl": "strict",
}
# https://www.cloudflare.com/ips/
IPV4 = ["173.245.48.0/20", "103.21.244.0/22", "141.101.64.0/18", "108.162.192.0/18", "104.16.0.0/13", "172.64.0.0/13"]
IPV6 = ["2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2a06:98c0::/29", "2c0f:f248::/32"]


class AccountApi:
    def __init__(self, world: World, zones: Zones, tokens: Tokens) -> None:
        self._world, self._zones, self._tokens = world, zones, tokens
        self._since = moment(world.clock.now())

    def routes(self) -> list[Route]:
        return [
            Route("/user/tokens/verify", self.verify, methods=["GET"]),
            Route("/user", self.user, methods=["GET"]),
            Route("/memberships", self.memberships, methods=["GET"]),
            Route("/ips", self.ips, methods=["GET"]),
            Route("/accounts", self.accounts, methods=["GET"]),
            Route("/accounts/{account_id}", self.account, methods=["GET"]),
            Route("/accounts/{account_id}/tokens/verify", self.verify, methods=["GET"]),
            Route("/zones", self.zones, methods=["GET"]),
            Route("/zones", self.add_zone, methods=["POST"]),
            Route("/zones/{zone_id}", self.zone, methods=["GET"]),
            Route("/zones/{zone_id}", self.change_zone, methods=["PATCH"]),
            Route("/zones/{zone_id}", self.remove_zone, methods=["DELETE"]),
            Route("/zones/{zone_id}/settings", self.settings, methods=["GET"]),
            Route("/zones/{zone_id}/settings/{setting}", self.setting, methods=["GET"]),
            Route("/zones/{zone_id}/settings/{setting}", self.set_setting, methods=["PATCH"]),
            Route("/zones/{zone_id}/available_plans", self.plans, methods=["GET"]),
            Route("/zones/{zone_id}/pagerules", self.none, methods=["GET"]),
            Route("/zones/{zone_id}/rulesets", self.none, methods=["GET"]),
        ]

    async def verify(self, request: Request) -> Response:
        token = request.scope["cloudflare.token"]
        if "authorization" not in request.headers:
            raise Refusal(401, 1000, "Invalid API Token")
        state = self._tokens.state_of(token)
        # Nothing can be concluded from the id about the token.
        result = {"id": hashlib.md5(token.encode(), usedforsecurity=False).hexdigest(), "status": state}
        if state == "expired":
            result["expires_on"] = self._since
            return ok(result)
        messages = [{"code": 10000, "message": "This API Token is valid and active", "type": None}]
        return ok(result, messages=messages if state == "active" else [])

    async def user(self, request: Request) -> Response:
        organization = {"id": ACCOUNT_ID, "name": "Gemini Toolbox", "status": "member", "permissions": [*PERMISSIONS]}
        result = {
            "id": USER_ID,
            "email": EMAIL,
            "username": "operator",
            "first_name": None,
            "last_name": None,
            "telephone": None,
            "country": None,
            "zipcode": None,
            "two_factor_authentication_enabled": True,
            "two_factor_authentication_locked": False,
            "suspended": False,
            "organizations": [organization],
            "betas": [],
            "has_pro_zones": True,
            "has_business_zones": False,
            "has_enterprise_zones": False,
            "created_on": self._since,
            "modified_on": self._since,
        }
        return ok(result)

    async def memberships(self, request: Request) -> Response:
        grants = {name: {"read": True, "write": True} for name in ("dns", "dns_records", "cache_purge", "zones", "lb")}
        membership = {"id": "f" * 32, "status": "accepted", "account": self._account(), "roles": ["Administrator"]}
        return paged(request, [{**membership, "api_access_enabled": True, "permissions": grants}])

    async def ips(self, request: Request) -> Response:
        return ok({"ipv4_cidrs": IPV4, "ipv6_cidrs": IPV6, "etag": "38f79d050aa027e3be3865e495dcc9bc"})

    def _account(self) -> dict[str, Any]:
        settings = {"enforce_twofactor": False, "abuse_contact_email": None}
        return {
            "id": ACCOUNT_ID,
            "name": "Gemini Toolbox",
            "type": "standard",
            "settings": settings,
            "created_on": self._since,
        }

    async def accounts(self, request: Request) -> Response:
        name = request.query_params.get("name", "")
        return paged(request, [self._account()] if name in "Gemini Toolbox" else [])

    async def account(self, request: Request) -> Response:
        if identifier(request, "account_id") != ACCOUNT_ID:
            raise Refusal(403, 9109, "Unauthorized to access requested resource")
        return ok(self._account())

    async def zones(self, request: Request) -> Response:
        query = request.query_params
        shown = [self._shown(request, zone) for zone in self._zones.by_id.values()]
        name, status = query.get("name", "").lower(), query.get("status", "active")
        contains = name.partition(":")[2] if name.startswith(("contains:", "starts_with:", "ends_with:")) else None
        found = [
            zone
            for zone in shown
            if (contains in zone["name"] if contains is not None else name in ("", zone["name"]))
            and status == zone["status"]
            and query.get("account.id", ACCOUNT_ID) == ACCOUNT_ID
        ]
        return paged(request, found)

    async def zone(self, request: Request) -> Response:
        return ok(self._shown(request, self._zone(request)))

    async def add_zone(self, request: Request) -> Response:
        name = (await sent(request)).get("name")
        if not isinstance(name, str) or not is_host(name) or "." not in name:
            raise Refusal(400, 1097, "Invalid zone name.", pointer="/name")
        if any(zone.name == name.lower() for zone in self._zones.by_id.values()):
            raise Refusal(400, 1061, f"{name} already exists")
        zone = self._zones.add(name)
        self._world.truth.effect("cloudflare", "zone.create", zone.name)
        return ok(self._shown(request, zone))

    async def change_zone(self, request: Request) -> Response:
        zone, body = self._zone(request), await sent(request)
        plan = wanted(wanted(body, "plan", dict, {}), "id", str, "")
        by_id = {id: plan for plan, (id, _name, _price) in PLANS.items()}
        zone.plan = by_id.get(plan, zone.plan)
        zone.paused = wanted(body, "paused", bool, zone.paused)
        self._world.truth.effect("cloudflare", "zone.change", zone.name, plan=zone.plan, paused=zone.paused)
        return ok(self._shown(request, zone))

    async def remove_zone(self, request: Request) -> Response:
        zone = self._zone(request)
        before = list(zone.records.values())
        zone.records.clear()
        for record in before:
            self._zones.publish(zone, record["name"], record["type"])
        del self._zones.by_id[zone.id]
        self._world.truth.effect("cloudflare", "zone.delete", zone.name)
        return ok({"id": zone.id})

    async def settings(self, request: Request) -> Response:
        zone = self._zone(request)
        return ok([self._setting(zone, name) for name in SETTINGS])

    async def setting(self, request: Request) -> Response:
        zone, name = self._zone(request), request.path_params["setting"]
        if name not in SETTINGS:
            raise Refusal(400, 1007, f"Undefined zone setting: {name}")
        return ok(self._setting(zone, name))

    async def set_setting(self, request: Request) -> Response:
        zone, name = self._zone(request), request.path_params["setting"]
        body = await sent(request)
        if name not in SETTINGS or "value" not in body:
            raise Refusal(400, 1007, f"Undefined zone setting: {name}")
        zone.settings[name] = body["value"]
        self._world.truth.effect("cloudflare", "zone.setting", zone.name, setting=name, value=body["value"])
        return ok(self._setting(zone, name))

    def _setting(self, zone: Zone, name: str) -> dict[str, Any]:
        value = zone.settings.get(name, SETTINGS[name])
        return {"id": name, "value": value, "editable": True, "modified_on": self._since}

    async def none(self, request: Request) -> Response:
        """What tools look for around what they manage, and the customer has none of."""
        self._zone(request)
        return ok([])

    async def plans(self, request: Request) -> Response:
        zone = self._zone(request)
        return ok([_plan(plan, subscribed=plan == zone.plan) for plan in PLANS])

    def _zone(self, request: Request) -> Zone:
        id = str(request.path_params["zone_id"])
        if not HEX_ID.fullmatch(id):
            raise no_route(request)
        zone = self._zones.by_id.get(id)
        if zone is None:
            raise Refusal(403, 9109, "Unauthorized to access requested resource")
        return zone

    def _shown(self, request: Request, zone: Zone) -> dict[str, Any]:
        lacks = self._tokens.lacks(request.scope["cloudflare.token"])
        meta = {"step": 4, "custom_certificate_quota": 1, "page_rule_quota": 20, "phishing_detected": False}
        return {
            "id": zone.id,
            "name": zone.name,
            "status": "active",
            "paused": zone.paused,
            "type": "full",
            "development_mode": 0,
            "name_servers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
            "original_name_servers": ["ns1.example.net", "ns2.example.net"],
            "original_registrar": None,
            "original_dnshost": None,
            "created_on": moment(zone.created_at),
            "modified_on": moment(zone.created_at),
            "activated_on": moment(zone.created_at),
            "meta": {**meta, "multiple_railguns_allowed": False},
            "owner": {"id": None, "type": "organization", "email": None},
            "account": {"id": ACCOUNT_ID, "name": "Gemini Toolbox"},
            "tenant": {"id": None, "name": None},
            "tenant_unit": {"id": None},
            "permissions": [name for name, right in PERMISSIONS.items() if right not in lacks],
            "plan": _plan(zone.plan, subscribed=True),
        }


def _plan(plan: str, *, subscribed: bool) -> dict[str, Any]:
    id, name, price = PLANS[plan]
    return {
        "id": id,
        "name": name,
        "price": price,
        "currency": "USD",
        "frequency": "monthly" if price else "",
        "is_subscribed": subscribed,
        "can_subscribe": not subscribed,
        "legacy_id": plan,
        "legacy_discount": False,
        "externally_managed": False,
    }
