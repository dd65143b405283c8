"""Environment variables: plain and encrypted ones can be read, sensitive ones are write-only."""

from __future__ import annotations

import base64
import re
from typing import Any

from starlette.responses import JSONResponse

from dr_console.sandbox.vercel.account import USER_ID, Project, Variable
from dr_console.sandbox.vercel.asking import Asked, Refusal, Table, bad_request, not_found

TYPES = frozenset({"system", "encrypted", "plain", "sensitive", "secret"})
TARGETS = frozenset({"production", "preview", "development"})
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
MOST_BYTES = 65_536


def listed(asked: Asked) -> Any:
    """Values of encrypted ones only with `decrypt`, which is deprecated; of sensitive ones never."""
    project = _project(asked)
    found = [each for each in project.variables.values() if _is_wanted(asked, each)]
    if asked.flag("decrypt") and any(each.challenged for each in found):
        raise _challenge()
    shown = [_shown(each, decrypted=asked.flag("decrypt")) for each in found]
    return {"envs": shown, "pagination": {"count": len(shown), "next": None, "prev": None}}


def _is_wanted(asked: Asked, variable: Variable) -> bool:
    target, branch = asked.query("target"), asked.query("gitBranch")
    if target and target not in variable.targets:
        return False
    return not branch or variable.git_branch in (None, branch)


def one(asked: Asked) -> Any:
    project = _project(asked)
    variable = _variable(asked, project)
    if variable.challenged:
        raise _challenge()
    return _shown(variable, decrypted=True)


def pulled(asked: Asked) -> Any:
    """What `vercel env pull` asks, which is not documented: key and value of one target."""
    project = _project(asked)
    target, branch = asked.path.get("target", "development"), asked.path.get("branch")
    found = [
        each
        for each in project.variables.values()
        if target in each.targets and each.git_branch in (None, branch) and each.type != "sensitive"
    ]
    if any(each.challenged for each in found):
        raise _challenge()
    return {"env": {each.key: each.value for each in found}, "buildEnv": {}}


def created(asked: Asked) -> Any:
    """One or a list. A conflict refuses a single one; of a list, the others are made."""
    project, body = _project(asked), asked.json()
    several = isinstance(body, list)
    made: list[Variable] = []
    failed: list[dict[str, Any]] = []
    for each in body if several else [body]:
        try:
            made.append(create(asked, project, each))
        except Refusal as refusal:
            if not several:
                raise
            failed.append({"error": {"code": refusal.code, "message": refusal.message, **refusal.more}})
    shown = [_shown(each, decrypted=False) for each in made]
    return JSONResponse({"created": shown if several else shown[0], "failed": failed}, 201)


def create(asked: Asked, project: Project, body: Any) -> Variable:
    if not isinstance(body, dict):
        raise bad_request("Invalid request: should be object.")
    key, value, type = (asked.want(body, name, str) for name in ("key", "value", "type"))
    targets, branch = _targets(body.get("target", [])), body.get("gitBranch") or None
    environments = asked.texts(body, "customEnvironmentIds")
    _check(key, value, type, targets, environments)
    same = _conflicting(project, key, targets, branch)
    if same is not None and not asked.flag("upsert"):
        said = f"A variable with the name `{key}` already exists for the target {','.join(targets)} on branch {branch}"
        raise Refusal(400, "ENV_CONFLICT", said, envVarKey=key, key=key, target=targets, gitBranch=branch)
    account, at = asked.account, asked.account.stamp()
    if same is None:
        same = Variable(account.id("", 16), key, value, type, targets, at, at, branch)
        project.variables[same.id] = same
    same.value, same.type, same.targets, same.git_branch, same.updated = value, type, targets, branch, at
    same.environments, same.comment = environments, str(body.get("comment") or "")
    account.effect("env.write", f"{project.name}/{key}", targets=targets, type=type)
    return same


def changed(asked: Asked) -> Any:
    project, body = _project(asked), asked.body()
    variable = _variable(asked, project)
    targets = _targets(body["target"]) if "target" in body else variable.targets
    key, value = str(body.get("key", variable.key)), str(body.get("value", variable.value))
    type = str(body.get("type", variable.type))
    if variable.type == "sensitive" and type != "sensitive":
        raise bad_request("You cannot change the type of a Sensitive Environment Variable.")
    _check(key, value, type, targets, variable.environments)
    variable.key, variable.value, variable.type, variable.targets = key, value, type, targets
    variable.git_branch = body.get("gitBranch", variable.git_branch)
    variable.comment = str(body.get("comment", variable.comment))
    variable.updated = asked.account.stamp()
    asked.account.effect("env.write", f"{project.name}/{key}", targets=targets, type=type)
    return _shown(variable, decrypted=False)


def removed(asked: Asked) -> Any:
    project = _project(asked)
    variable = _variable(asked, project)
    del project.variables[variable.id]
    asked.account.effect("env.delete", f"{project.name}/{variable.key}", targets=variable.targets)
    return _shown(variable, decrypted=False)


def removed_several(asked: Asked) -> Any:
    project = _project(asked)
    wanted = [id for id in asked.texts(asked.body(), "ids") if id in project.variables]
    for id in wanted:
        variable = project.variables.pop(id)
        asked.account.effect("env.delete", f"{project.name}/{variable.key}", targets=variable.targets)
    return {"deleted": len(wanted), "ids": wanted}


def none_shared(asked: Asked) -> Any:
    return {"data": [], "pagination": {"count": 0, "next": None, "prev": None}}


def _check(key: str, value: str, type: str, targets: list[str], environments: list[str]) -> None:
    if not KEY.fullmatch(key):
        raise Refusal(400, "INVALID_KEY", "The name contains invalid characters.", key=key)
    if type not in TYPES:
        raise bad_request("Invalid request: `type` should be equal to one of the allowed values.")
    if not targets and not environments:
        raise bad_request("Invalid request: `target` should not be empty.")
    if type == "sensitive" and "development" in targets:
        raise bad_request("You cannot set a Sensitive Environment Variable's target to development.")
    if len(value.encode()) > MOST_BYTES:
        raise Refusal(400, "ENVIRONMENT_VARIABLE_TOO_LARGE", "The values are larger than 64 KB in total.")


def _targets(given: Any) -> list[str]:
    targets = [given] if isinstance(given, str) else given
    if not isinstance(targets, list) or any(target not in sorted(TARGETS) for target in targets):
        raise bad_request("Invalid request: `target` should be equal to one of the allowed values.")
    return list(targets)


def _conflicting(project: Project, key: str, targets: list[str], branch: str | None) -> Variable | None:
    found = [each for each in project.variables.values() if each.key == key and each.git_branch == branch]
    exact = [each for each in found if set(each.targets) == set(targets)]
    return next((each for each in [*exact, *found] if set(each.targets) & set(targets) or each in exact), None)


def _shown(variable: Variable, *, decrypted: bool) -> dict[str, Any]:
    is_open = variable.type in ("plain", "system")
    value = variable.value
    if variable.type == "sensitive":
        value = ""
    elif not is_open and not decrypted:
        value = base64.b64encode(f'{{"v":"v2","c":"{variable.id}"}}'.encode()).decode()
    return {
        "id": variable.id,
        "key": variable.key,
        "value": value,
        "type": variable.type,
        "target": variable.targets,
        **({"gitBranch": variable.git_branch} if variable.git_branch else {}),
        "configurationId": None,
        "customEnvironmentIds": variable.environments,
        "comment": variable.comment,
        "createdAt": variable.created,
        "updatedAt": variable.updated,
        "createdBy": USER_ID,
        "updatedBy": None,
        "decrypted": is_open or (decrypted and variable.type != "sensitive"),
        "securityIssues": [],
    }


def _challenge() -> Refusal:
    return Refusal(403, "challenge_required", "Fresh authentication is required to read sensitive values.")


def _project(asked: Asked) -> Project:
    wanted = asked.path["project"]
    if wanted.startswith("dpl_"):
        wanted = asked.account.deployment(wanted, asked.owner).project_id
    return asked.account.project(wanted, asked.owner)


def _variable(asked: Asked, project: Project) -> Variable:
    found = project.variables.get(asked.path["id"])
    if found is None:
        raise not_found("The Environment Variable")
    return found


TABLE: Table = (
    ("GET", "/projects/{project}/env", listed),
    ("POST", "/projects/{project}/env", created),
    ("DELETE", "/projects/{project}/env", removed_several),
    ("GET", "/projects/{project}/env/{id}", one),
    ("PATCH", "/projects/{project}/env/{id}", changed),
    ("DELETE", "/projects/{project}/env/{id}", removed),
    ("GET", "/env/pull/{project}", pulled),
    ("GET", "/env/pull/{project}/{target}", pulled),
    ("GET", "/env/pull/{project}/{target}/{branch:path}", pulled),
    ("GET", "/env", none_shared),
)
