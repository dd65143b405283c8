"""Whose token it is, and the team; and lists that are empty here, for clients that ask in passing."""

from __future__ import annotations

from typing import Any

from dr_console.sandbox.vercel.account import EMAIL, TEAM_ID, TEAM_SLUG, USER_ID, USERNAME
from dr_console.sandbox.vercel.asking import Asked, Refusal, Table

BEGAN = 1_700_000_000_000


def user(asked: Asked) -> Any:
    return {
        "user": {
            "id": USER_ID,
            "uid": USER_ID,
            "email": EMAIL,
            "name": "DR Console",
            "username": USERNAME,
            "avatar": None,
            "defaultTeamId": TEAM_ID,
            "version": "northstar",
            "createdAt": BEGAN,
            "softBlock": None,
            "billing": None,
            "resourceConfig": {},
            "stagingPrefix": USERNAME,
            "hasTrialAvailable": False,
            "limited": False,
        }
    }


def teams(asked: Asked) -> Any:
    return {"teams": [_team(asked)], "pagination": {"count": 1, "next": None, "prev": BEGAN}}


def team(asked: Asked) -> Any:
    wanted = asked.path.get("id") or asked.query("teamId") or asked.query("slug")
    if wanted not in (TEAM_ID, TEAM_SLUG):
        raise Refusal(403, "forbidden", "Not authorized")
    return _team(asked)


def members(asked: Asked) -> Any:
    member = {
        "uid": USER_ID,
        "username": USERNAME,
        "email": EMAIL,
        "name": "DR Console",
        "role": "OWNER",
        "confirmed": True,
        "createdAt": BEGAN,
        "joinedFrom": {"origin": "organization-teams"},
    }
    pagination = {"hasNext": False, "count": 1, "next": None, "prev": BEGAN}
    return {"members": [member], "emailInviteCodes": [], "pagination": pagination}


def _team(asked: Asked) -> dict[str, Any]:
    membership = {
        "uid": USER_ID,
        "teamId": TEAM_ID,
        "role": "OWNER",
        "teamRoles": ["OWNER"],
        "teamPermissions": [],
        "confirmed": True,
        "confirmedAt": BEGAN,
        "created": BEGAN,
        "createdAt": BEGAN,
        "updatedAt": BEGAN,
        "entitlements": [],
    }
    return {
        "id": TEAM_ID,
        "slug": TEAM_SLUG,
        "name": "Gemini",
        "avatar": None,
        "description": None,
        "creatorId": USER_ID,
        "createdAt": BEGAN,
        "updatedAt": BEGAN,
        "created": "2023-11-14T22:13:20.000Z",
        "stagingPrefix": TEAM_SLUG,
        "billing": {"plan": asked.account.plan},
        "resourceConfig": {},
        "membership": membership,
        "limited": False,
        "saml": None,
        "permissions": [],
    }


def empty(value: Any) -> Any:
    def view(asked: Asked) -> Any:
        return value

    return view


_NO_PAGE = {"count": 0, "next": None, "prev": None}
TABLE: Table = (
    ("GET", "/user", user),
    ("GET", "/www/user", user),
    ("GET", "/teams", teams),
    ("GET", "/team", team),
    ("GET", "/teams/{id}", team),
    ("GET", "/teams/{id}/members", members),
    ("GET", "/user/tokens", empty({"tokens": [], "pagination": _NO_PAGE})),
    ("GET", "/webhooks", empty([])),
    ("GET", "/events", empty({"events": []})),
    ("GET", "/events/types", empty({"types": []})),
    ("GET", "/storage/stores", empty({"stores": []})),
    ("GET", "/integrations/configurations", empty([])),
    ("GET", "/integrations/git-namespaces", empty([])),
    ("GET", "/access-groups", empty({"accessGroups": [], "pagination": _NO_PAGE})),
    ("GET", "/log-drains", empty([])),
    ("GET", "/drains", empty({"drains": []})),
    ("GET", "/microfrontends/groups", empty({"groups": [], "maxMicrofrontendsGroupsPerTeam": 2})),
)
