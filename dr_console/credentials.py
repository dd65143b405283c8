"""Which credentials and which names of things each vendor's client needs, as one table of settings.

In sandbox mode they are the sandbox's own. A secret of the sandbox begins with "sandbox", and live mode refuses such a
one as sandbox mode refuses any other: the two worlds cannot mix.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop

from dr_console import env
from dr_console.vendors import is_loopback

PRETEND = "sandbox"


@dataclass(frozen=True)
class Credential:
    """One setting. `pretend`: its value in sandbox mode, which the sandbox was built with. `secret`: never shown.

    `address`: it is a URL, and `pretend` a path at the sandbox; in sandbox mode it must be on this machine.
    """

    setting: str
    pretend: str
    meaning: str
    secret: bool = False
    default: str = ""  # in live mode
    address: bool = False


def _secret(setting: str, pretend: str, meaning: str) -> Credential:
    return Credential(setting, pretend, meaning, secret=True)


# How people write each vendor.
NAMES = {
    "cloudflare": "Cloudflare",
    "vercel": "Vercel",
    "aws": "AWS",
    "r2": "Cloudflare R2",
    "github": "GitHub",
    "codecommit": "AWS CodeCommit",
    "pagerduty": "PagerDuty",
    "slack": "Slack",
    "twilio": "Twilio",
    "voice": gettext_noop("Voice webhook"),
    "search": gettext_noop("Search index"),
    "feishu": gettext_noop("Feishu"),
    "dingtalk": gettext_noop("DingTalk"),
    "wecom": gettext_noop("WeCom"),
    "teams": "Microsoft Teams",
    "mattermost": "Mattermost",
}


def _robot(vendor: str, name: str, *, signs: bool = False) -> dict[str, Credential]:
    """A robot of a chat room: whoever has its address can speak there."""
    start, room = f"DR_ROBOT_{vendor.upper()}", f"/robots/{vendor}/hook/sandbox-{vendor}"
    url = Credential(f"{start}_URL", room, f"Address of {name} that says things in a room.", secret=True, address=True)
    signing = _secret(
        f"{start}_SECRET", f"sandbox-{vendor}-secret", f"Signs what is sent to {name}, if it asks for it."
    )
    return {"url": url, "secret": signing} if signs else {"url": url}


CREDENTIALS: dict[str, dict[str, Credential]] = {
    "cloudflare": {
        "token": _secret("DR_CLOUDFLARE_TOKEN", "sandbox-cloudflare-token", "API token of Cloudflare."),
        "account_id": Credential("DR_CLOUDFLARE_ACCOUNT_ID", "a" * 32, "Account id at Cloudflare."),
        "zone_id": Credential("DR_CLOUDFLARE_ZONE_ID", "c" * 32, "Id of the zone that holds the plan’s names."),
        "queue_id": Credential("DR_CLOUDFLARE_QUEUE_ID", "e" * 32, "Id of the queue that R2’s events go to."),
    },
    "vercel": {
        "token": _secret("DR_VERCEL_TOKEN", "sandbox-vercel-token", "Access token of Vercel."),
        "team_id": Credential("DR_VERCEL_TEAM_ID", "team_gemini", "Team at Vercel that owns the projects."),
        "project": Credential("DR_VERCEL_PROJECT", "gemini-toolbox", "Project of the primary region."),
        "standby_project": Credential(
            "DR_VERCEL_STANDBY_PROJECT", "gemini-toolbox-standby", "Project of the standby region."
        ),
        "global_config": Credential(
            "DR_VERCEL_GLOBAL_CONFIG", "ecfg_gemini", "Id of the Global Config that holds the degradation level."
        ),
    },
    "aws": {
        "access_key_id": Credential("DR_AWS_ACCESS_KEY_ID", "sandbox-aws-key", "Access key id of AWS."),
        "secret_access_key": _secret(
            "DR_AWS_SECRET_ACCESS_KEY", "sandbox-aws-secret", "Secret access key. Without it, AWS’s own ways are tried."
        ),
        "session_token": _secret("DR_AWS_SESSION_TOKEN", "", "Session token that belongs to a temporary key."),
        "region": Credential("DR_AWS_REGION", "eu-central-1", "Region of AWS.", default="eu-central-1"),
        "function": Credential("DR_AWS_FUNCTION", "gemini-toolbox", "Lambda function that is the cold standby."),
        "function_alias": Credential(
            "DR_AWS_FUNCTION_ALIAS", "live", "Alias of it that takes traffic.", default="live"
        ),
        "bucket": Credential("DR_AWS_BUCKET", "gemini-images-backup", "S3 bucket that R2 is copied to."),
        "database": Credential("DR_AWS_DATABASE", "gemini-db", "RDS instance."),
        "cache": Credential("DR_AWS_CACHE", "gemini-cache", "ElastiCache replication group."),
        "secret_prefix": Credential(
            "DR_AWS_SECRET_PREFIX", "dr-console/", "What names of secrets begin with.", default="dr-console/"
        ),
        "hosted_zone": Credential("DR_AWS_HOSTED_ZONE", "", "Route 53 hosted zone id, where names are kept there."),
    },
    "r2": {
        "account_id": Credential("DR_R2_ACCOUNT_ID", "a" * 32, "Account id that R2’s address is made of."),
        "access_key_id": Credential("DR_R2_ACCESS_KEY_ID", "sandbox-r2-key", "Access key id of R2."),
        "secret_access_key": _secret("DR_R2_SECRET_ACCESS_KEY", "sandbox-r2-secret", "Secret access key of R2."),
        "bucket": Credential("DR_R2_BUCKET", "gemini-images", "R2 bucket with the users’ images."),
    },
    "github": {
        "token": _secret("DR_GITHUB_TOKEN", "sandbox-github-token", "Token that reads the repository."),
        "repository": Credential("DR_GITHUB_REPOSITORY", "gemini/toolbox", "Repository at GitHub: owner/name."),
        "webhook_secret": _secret("DR_GITHUB_WEBHOOK_SECRET", "sandbox-github-webhook", "Signs GitHub’s webhooks."),
    },
    "codecommit": {
        "repository": Credential("DR_CODECOMMIT_REPOSITORY", "gemini-toolbox", "Repository at CodeCommit."),
    },
    "pagerduty": {
        "token": _secret("DR_PAGERDUTY_TOKEN", "sandbox-pagerduty-token", "REST API key of PagerDuty."),
        "from_email": Credential(
            "DR_PAGERDUTY_FROM", "dr-console@example.com", "Login e-mail that changes are made as."
        ),
        "routing_key": _secret(
            "DR_PAGERDUTY_ROUTING_KEY", "sandbox-routing-key-000000000000", "Integration key, Events v2."
        ),
        "webhook_secret": _secret(
            "DR_PAGERDUTY_WEBHOOK_SECRET", "sandbox-pagerduty-webhook", "Signs PagerDuty’s webhooks."
        ),
    },
    "slack": {
        "token": _secret("DR_SLACK_TOKEN", "sandbox-xoxb-token", "Bot token of Slack (xoxb-…)."),
        "channel": Credential("DR_SLACK_CHANNEL", "C0INCIDENTS", "Channel that incidents are told in."),
        "webhook_url": Credential(
            "DR_SLACK_WEBHOOK_URL",
            "/slack/services/T0SANDBOX/B0CONSOLE/sandbox-slack-webhook",
            "Incoming webhook of Slack, where there is no bot.",
            secret=True,
            address=True,
        ),
        "signing_secret": _secret("DR_SLACK_SIGNING_SECRET", "sandbox-slack-signing", "Signs what Slack sends."),
    },
    "twilio": {
        "account_sid": Credential("DR_TWILIO_ACCOUNT_SID", "AC" + "0" * 32, "Account SID of Twilio."),
        "auth_token": _secret("DR_TWILIO_AUTH_TOKEN", "sandbox-twilio-token", "Auth token of Twilio."),
        "from_number": Credential("DR_TWILIO_FROM", "+15550100", "Number that calls come from."),
    },
    "voice": {
        "url": Credential(
            "DR_VOICE_WEBHOOK_URL",
            "/voice/calls",
            "Address that a call is asked for at, instead of Twilio.",
            address=True,
        ),
        "secret": _secret("DR_VOICE_WEBHOOK_SECRET", "sandbox-voice-secret", "Signs what is sent to it."),
    },
    "search": {
        "start_url": Credential(
            "DR_SEARCH_START_URL", "/search/rebuild", "Address that starts a rebuild of the search index.", address=True
        ),
        "start_method": Credential("DR_SEARCH_START_METHOD", "POST", "Method of that request.", default="POST"),
        "headers": _secret("DR_SEARCH_HEADERS", "", "Headers of both requests, as a JSON object of texts."),
        "start_body": Credential("DR_SEARCH_START_BODY", "", "Body of the request that starts it, as JSON."),
        "id_path": Credential(
            "DR_SEARCH_ID_PATH", "task", "Where its answer has the id: task, or result.0.id.", default="task"
        ),
        "status_url": Credential(
            "DR_SEARCH_STATUS_URL",
            "/search/tasks/TASK",
            "Address that tells how far it is; TASK stands for the id. Without it, it is done when it is started.",
            address=True,
        ),
        "status_path": Credential(
            "DR_SEARCH_STATUS_PATH", "status", "Where the answer has the status.", default="status"
        ),
        "percent_path": Credential("DR_SEARCH_PERCENT_PATH", "percent", "Where it has the percentage, if it has one."),
        "succeeded": Credential(
            "DR_SEARCH_SUCCEEDED",
            "succeeded",
            "Values of the status that mean done, between commas.",
            default="succeeded",
        ),
        "failed": Credential(
            "DR_SEARCH_FAILED", "failed", "Values of the status that mean that it failed.", default="failed"
        ),
        "seconds": Credential("DR_SEARCH_SECONDS", "1800", "How long it may take, in seconds.", default="1800"),
    },
    "feishu": _robot("feishu", "a custom bot of Feishu or Lark", signs=True),
    "dingtalk": _robot("dingtalk", "a custom robot of DingTalk", signs=True),
    "wecom": _robot("wecom", "a group robot of WeCom"),
    "teams": _robot("teams", "a workflow of Microsoft Teams"),
    "mattermost": _robot("mattermost", "an incoming webhook of Mattermost"),
}


def read_credentials(mode: str, *, sandbox_port: int) -> dict[str, dict[str, str]]:
    """What the environment says, by vendor and name; the sandbox's own in sandbox mode.

    Raises WrongSetting where a secret of one world is given to the other.
    """
    return {
        vendor: {name: _read(mode, credential, sandbox_port) for name, credential in credentials.items()}
        for vendor, credentials in CREDENTIALS.items()
    }


def given_credentials() -> frozenset[str]:
    """The settings among them that the environment has; of the others, DR_CREDENTIALS_SECRET may know more."""
    return frozenset(
        credential.setting
        for credentials in CREDENTIALS.values()
        for credential in credentials.values()
        if env.is_given(credential.setting)
    )


def wrong_world(mode: str, credential: Credential, value: str) -> str:
    """Why a value has no place in this mode; empty if it has."""
    if mode == "sandbox" and credential.address and value and not is_loopback(urlsplit(value).hostname or ""):
        return "it is not on this machine, as it must be in sandbox mode. Set DR_MODE=live to use it."
    if credential.address or not credential.secret:
        return ""
    if mode == "sandbox" and value and not value.startswith(PRETEND):
        return "a real secret has no place in sandbox mode. Set DR_MODE=live to use it."
    if mode == "live" and value.startswith(PRETEND):
        return "the sandbox’s secrets are refused in live mode."
    return ""


def _read(mode: str, credential: Credential, sandbox_port: int) -> str:
    default, shown = credential.pretend if mode == "sandbox" else credential.default, credential.default
    if credential.address:
        default = f"http://127.0.0.1:{sandbox_port}{default}" if mode == "sandbox" else default
        shown = "(none), or the sandbox’s"
        given = env.url(credential.setting, default, credential.meaning, shown=shown, secret=credential.secret)
    elif credential.secret:
        given = env.secret(credential.setting, default, credential.meaning)
    else:
        given = env.text(credential.setting, default, credential.meaning, shown=shown)
    if problem := wrong_world(mode, credential, given):
        raise env.WrongSetting(credential.setting, problem)
    return given
