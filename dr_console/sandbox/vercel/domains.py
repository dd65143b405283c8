"""Domains of the team: those that its projects' host names are under; none can be bought here."""

from __future__ import annotations

from typing import Any

from dr_console.sandbox.vercel.account import TEAM_ID, USER_ID, USERNAME
from dr_console.sandbox.vercel.asking import Asked, Table, not_found, page
from dr_console.sandbox.vercel.hosts import apex_of, shown_domain
from dr_console.sandbox.vercel.shown import CREATOR


def domains(asked: Asked) -> Any:
    """The team's own: one for each apex that its projects use."""
    rows, pagination = page(_apexes(asked).values(), asked, lambda each: each["createdAt"])
    return {"domains": rows, "pagination": pagination}


def domain(asked: Asked) -> Any:
    found = _apexes(asked).get(apex_of(asked.path["domain"].lower()))
    if found is None:
        raise not_found("The domain")
    return {"domain": {**found, "suffix": False}}


def _apexes(asked: Asked) -> dict[str, dict[str, Any]]:
    ids = {project.id for project in asked.account.projects_of(asked.owner)}
    found: dict[str, dict[str, Any]] = {}
    for each in asked.account.domains.values():
        apex = apex_of(each.name)
        if each.project_id in ids and apex != "vercel.app":
            found.setdefault(apex, _apex_shown(apex, each.created))
    return found


def _apex_shown(apex: str, at: int) -> dict[str, Any]:
    return {
        "id": f"dom_{apex}",
        "name": apex,
        "serviceType": "external",
        "nsVerifiedAt": None,
        "verified": True,
        "nameservers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        "intendedNameservers": ["ns1.vercel-dns.com", "ns2.vercel-dns.com"],
        "createdAt": at,
        "boughtAt": None,
        "expiresAt": None,
        "orderedAt": None,
        "renew": False,
        "transferredAt": None,
        "teamId": TEAM_ID,
        "userId": USER_ID,
        "echMode": "auto",
        "creator": {"id": USER_ID, "username": USERNAME, "email": CREATOR["email"]},
    }


def configuration(asked: Asked) -> Any:
    return {
        "configuredBy": "CNAME",
        "acceptedChallenges": ["http-01"],
        "misconfigured": False,
        "recommendedIPv4": [{"rank": 1, "value": ["76.76.21.21"]}],
        "recommendedCNAME": [{"rank": 1, "value": "cname.vercel-dns.com."}],
        "cnames": ["cname.vercel-dns.com"],
        "aValues": [],
        "conflicts": [],
        "nameservers": [],
        "serviceType": "external",
    }


def no_certificates(asked: Asked) -> Any:
    return {"certs": [], "pagination": {"count": 0, "next": None, "prev": None}}


def project_domains(asked: Asked) -> Any:
    """Which host names under it belong to which project."""
    ids = {project.id for project in asked.account.projects_of(asked.owner)}
    found = [
        each
        for each in asked.account.domains.values()
        if each.project_id in ids and apex_of(each.name) == apex_of(asked.path["domain"])
    ]
    rows, pagination = page(found, asked, lambda each: each.created)
    return {"projectDomains": [shown_domain(each) for each in rows], "pagination": pagination}


def project_domain(asked: Asked) -> Any:
    found = asked.account.domains.get(asked.path["domain"].lower())
    if found is None or asked.account.projects[found.project_id].owner != asked.owner:
        raise not_found("Domain")
    return shown_domain(found)


def availability(asked: Asked) -> Any:
    return {"available": False}


def price(asked: Asked) -> Any:
    return {"years": 1, "purchasePrice": 12, "renewalPrice": 12, "transferPrice": 12}


TABLE: Table = (
    ("GET", "/domains", domains),
    ("GET", "/domains/{domain}", domain),
    ("GET", "/domains/{domain}/config", configuration),
    ("GET", "/domains/{domain}/project-domains", project_domains),
    ("GET", "/project-domains/{domain}", project_domain),
    ("GET", "/registrar/domains/{domain}/availability", availability),
    ("GET", "/registrar/domains/{domain}/price", price),
    ("GET", "/certs", no_certificates),
)
