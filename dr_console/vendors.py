"""Where each vendor's API is, and the rule that the sandbox and the real clouds never mix."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from dr_console import env

# name of the vendor: (setting, address of the real one, path at the sandbox)
VENDORS = {
    "cloudflare": ("DR_CLOUDFLARE_URL", "https://api.cloudflare.com/client/v4", "/cloudflare/client/v4"),
    "vercel": ("DR_VERCEL_URL", "https://api.vercel.com", "/vercel"),
    "aws": ("DR_AWS_ENDPOINT_URL", "", "/aws"),
    "r2": ("DR_R2_ENDPOINT_URL", "", "/r2"),
    "github": ("DR_GITHUB_URL", "https://api.github.com", "/github"),
    "pagerduty": ("DR_PAGERDUTY_URL", "https://api.pagerduty.com", "/pagerduty"),
    "pagerduty_events": ("DR_PAGERDUTY_EVENTS_URL", "https://events.pagerduty.com", "/pagerduty/events"),
    "slack": ("DR_SLACK_URL", "https://slack.com/api", "/slack/api"),
    "twilio": ("DR_TWILIO_URL", "https://api.twilio.com", "/twilio"),
}

METRICS = {
    "availability": "the availability in percent",
    "response_time_p50": "the 50th percentile of the response time in milliseconds",
    "response_time_p95": "the 95th percentile of the response time in milliseconds",
    "response_time_p99": "the 99th percentile of the response time in milliseconds",
    "error_rate": "the share of failed requests in percent",
    "throughput": "the requests per second",
}

# What each capability is served by, by dotted path.
PROVIDERS: dict[str, dict[str, str]] = {
    "dns": {
        "cloudflare": "dr_console.providers.cloudflare.dns.CloudflareDns",
        "route53": "dr_console.providers.aws.route53.Route53Dns",
    },
    "cdn": {"cloudflare": "dr_console.providers.cloudflare.cdn.CloudflareCdn"},
    "events": {"cloudflare": "dr_console.providers.cloudflare.queues.CloudflareQueue"},
    "deployments": {"vercel": "dr_console.providers.vercel.deployments.VercelDeployments"},
    "variables": {"vercel": "dr_console.providers.vercel.variables.VercelVariables"},
    "settings_store": {"vercel": "dr_console.providers.vercel.settings_store.VercelSettingsStore"},
    "functions": {"lambda": "dr_console.providers.aws.lambda_functions.LambdaFunctions"},
    "objects": {
        "r2": "dr_console.providers.aws.objects.R2Objects",
        "s3": "dr_console.providers.aws.objects.S3Objects",
    },
    "code": {"git": "dr_console.providers.git_mirror.GitMirror"},
    "snapshots": {
        "rds": "dr_console.providers.aws.rds.RdsSnapshots",
        "elasticache": "dr_console.providers.aws.elasticache.ElastiCacheSnapshots",
    },
    "vault": {"secrets_manager": "dr_console.providers.aws.secrets_manager.SecretsManagerVault"},
    "paging": {"pagerduty": "dr_console.providers.pagerduty.PagerDuty"},
    "chat": {"slack": "dr_console.providers.slack.Slack"},
    "phone": {
        "twilio": "dr_console.providers.twilio.TwilioPhone",
        "webhook": "dr_console.providers.voice_webhook.VoiceWebhook",
    },
    "robots": {
        "feishu": "dr_console.providers.robots.feishu.FeishuRobot",
        "dingtalk": "dr_console.providers.robots.dingtalk.DingTalkRobot",
        "wecom": "dr_console.providers.robots.wecom.WeComRobot",
        "teams": "dr_console.providers.robots.teams.TeamsRobot",
        "mattermost": "dr_console.providers.robots.mattermost.MattermostRobot",
    },
    "search": {"http": "dr_console.providers.search_index.HttpSearchIndex"},
    "webhook": {"signed": "dr_console.providers.webhook.SignedWebhook"},
    "mail": {"smtp": "dr_console.providers.mail.SmtpMail"},
    "metrics": {"prometheus": "dr_console.providers.prometheus.Prometheus"},
}


def vendor_urls(mode: str, *, sandbox_port: int) -> dict[str, str]:
    """Base URL of every vendor's API. Empty means the vendor's own default for the region (AWS, R2).

    Raises WrongSetting where sandbox mode is given a real address, or live mode a sandbox's.
    """
    urls = {}
    for vendor, (setting, real, path) in VENDORS.items():
        pretend = f"http://127.0.0.1:{sandbox_port}{path}"
        default = pretend if mode == "sandbox" else real
        shown = f"{real or 'AWS’s own' if vendor == 'aws' else real or 'the account’s own'}, or the sandbox’s"
        url = env.url(setting, default, f"Base URL of the API of {vendor}.", shown=shown)
        _refuse_the_other_world(mode, setting, url)
        urls[vendor] = url
    return urls


def edge_url(mode: str, *, sandbox_port: int) -> str:
    """Where users' requests are sent in sandbox mode: below it, by host name. Empty in live mode: to the host itself.

    Raises WrongSetting where the two are mixed.
    """
    default = f"http://127.0.0.1:{sandbox_port}/edge" if mode == "sandbox" else ""
    meaning = "Where health checks are sent instead of to the host itself; for the sandbox only."
    url = env.url("DR_EDGE_URL", default, meaning, shown="the sandbox’s")
    if mode == "live" and url:
        raise env.WrongSetting("DR_EDGE_URL", "is for sandbox mode; in live mode every host is asked itself.")
    _refuse_the_other_world(mode, "DR_EDGE_URL", url)
    return url


def canary_urls(mode: str) -> list[str]:
    """Hosts that have nothing in common, neither with the product nor with each other."""
    if mode == "sandbox":
        return [f"https://{host}/" for host in ("canary.example.net", "canary.example.org", "canary.example.edu")]
    # Companies that the console speaks with anyway: nobody else hears of it.
    return ["https://one.one.one.one/cdn-cgi/trace", "https://checkip.amazonaws.com/", "https://github.com/robots.txt"]


def prometheus_queries() -> dict[str, str]:
    """The query of each metric of the plan's thresholds; empty where none is set."""
    return {
        metric: env.text(
            f"DR_PROMETHEUS_{metric.upper()}",
            "",
            f"PromQL query that gives {meaning}, as one value; $window stands for the threshold’s window (300s).",
        )
        for metric, meaning in METRICS.items()
    }


def _refuse_the_other_world(mode: str, setting: str, url: str) -> None:
    here = is_loopback(urlsplit(url).hostname or "") if url else False
    if mode == "sandbox" and not here:
        raise env.WrongSetting(
            setting,
            f"{url} is not on this machine; in sandbox mode vendors’ addresses must be. Set DR_MODE=live to use it.",
        )
    if mode == "live" and here:
        raise env.WrongSetting(setting, f"{url} is a sandbox’s address, which live mode refuses.")


def is_loopback(host: str) -> bool:
    """True for this machine's own addresses; a name other than localhost may lead anywhere."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
