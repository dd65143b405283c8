"""What a drill does by each channel, as the environment says."""

from __future__ import annotations

from dr_console import env

# Those of notifications.models.Channel, which cannot be imported before there are settings.
CHANNELS = (
    *("phone", "email", "slack", "pagerduty", "webhook"),
    *("feishu", "dingtalk", "wecom", "teams", "mattermost"),
)


def drill_channels() -> dict[str, str]:
    """“real” or “simulate”, for each channel that is named."""
    return env.modes(
        "DR_DRILL_CHANNELS",
        "What a drill in live mode does by each channel, as phone=simulate: *real* sends, marked as a drill; "
        "*simulate* only writes down what would have been sent. A channel that is not named is real.",
        keys=CHANNELS,
        among=("real", "simulate"),
    )
