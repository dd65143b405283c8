"""The team as it is when the world begins: two projects, each with deployments that a rollback can go back to."""

from __future__ import annotations

from dr_console.sandbox.vercel.account import TEAM_ID, TEAM_SLUG, Account, Deployment, Domain, Project, Variable

HOURS = 3_600_000
PROJECTS = {
    "gemini-toolbox": ("prj_geminitoolboxtokyo", "hnd1", ["tokyo.origin.example.com", "api.example.com"]),
    "gemini-toolbox-standby": (
        "prj_geminitoolboxcalifornia",
        "sfo1",
        ["california.origin.example.com", "backup.example.com"],
    ),
}
# How long ago, in hours; the last is the one that is shown.
DEPLOYED = (240, 120, 48, 3)
VARIABLES = (
    ("DATABASE_URL", "postgres://app:sandbox@db.example.com:5432/gemini", "encrypted", ["production"]),
    ("REDIS_URL", "redis://cache.example.com:6379/0", "encrypted", ["production", "preview"]),
    ("SESSION_SECRET", "sandbox-session-secret", "sensitive", ["production", "preview"]),
    ("NEXT_PUBLIC_API_URL", "https://api.example.com", "plain", ["production"]),
    ("NEXT_PUBLIC_API_URL", "https://preview.example.com", "plain", ["preview", "development"]),
    ("NEXT_PUBLIC_VERCEL_ENV", "VERCEL_ENV", "system", ["production", "preview", "development"]),
)


def fill(account: Account) -> None:
    for name, (id, region, hosts) in PROJECTS.items():
        began = account.now() - 1000 * HOURS
        project = Project(id, name, TEAM_ID, began, [region], framework="nextjs", updated=began)
        project.more["link"] = _link(began)
        account.projects[id] = project
        for host in [f"{name}.vercel.app", *hosts]:
            account.domains[host] = Domain(host, id, began, updated=began)
        for key, value, type, targets in VARIABLES:
            variable = Variable(account.id("", 16), key, value, type, list(targets), began, began)
            project.variables[variable.id] = variable
        for number, hours in enumerate(DEPLOYED):
            account.show_in_production(project, _ready(account, project, hours, "production", f"v1.{number}"))
        _ready(account, project, 30, None, "preview")


def _ready(account: Account, project: Project, hours: int, target: str | None, message: str) -> Deployment:
    """A deployment that became ready so many hours ago."""
    at = account.now() - hours * HOURS
    host = f"{project.name}-{account.id('', 9).lower()}-{TEAM_SLUG}.vercel.app"
    deployment = Deployment(account.id("dpl_"), project.id, project.name, host, target, at, list(project.regions))
    deployment.state, deployment.source = "READY", "git"
    deployment.building_at, deployment.ready_at = at + 2_000, at + 62_000
    deployment.meta = {"githubCommitMessage": message, "githubCommitRef": "main", "githubRepo": "toolbox"}
    deployment.variables = {variable.key: variable.value for variable in project.variables.values()}
    deployment.content = account.id("", 40)
    account.deployments[deployment.id] = deployment
    return deployment


def _link(at: int) -> dict[str, object]:
    return {
        "type": "github",
        "org": "gemini",
        "repo": "toolbox",
        "repoId": 100100,
        "repoOwnerId": 100200,
        "productionBranch": "main",
        "gitCredentialId": "",
        "sourceless": True,
        "deployHooks": [],
        "createdAt": at,
        "updatedAt": at,
    }
