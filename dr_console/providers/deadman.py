"""A dead man's switch outside: an address that is asked every minute, and that raises the alarm once it is not.

Such as https://healthchecks.io/docs/http_api/, https://deadmanssnitch.com/docs/api/v1, or an Uptime Kuma of your own
(https://github.com/louislam/uptime-kuma/wiki): all of them take a GET, and any 2xx answer is a yes.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Wire
from dr_console.vendors import is_loopback

VENDOR = _("Dead man’s switch")
SEND = _("send the sign of life")


def send_sign_of_life(url: str, *, deadline: Deadline) -> None:
    """GET `url`, which is a secret: whoever knows it can silence the alarm. Raises ProviderError."""
    parts = urlsplit(url)
    if settings.DR_MODE == "sandbox" and not is_loopback(parts.hostname or ""):
        said = "DR_DEADMAN_URL is not on this machine, and the sandbox speaks to nobody outside"
        raise ProviderError(VENDOR, SEND, Problem.SETTINGS, said=said, permanent=True)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    host = f"{parts.scheme}://{parts.netloc}"
    wire = Wire(VENDOR, host, secrets=(parts.path.strip("/"), parts.query), takes_any_answer=True)
    wire.call("GET", path, operation=SEND, deadline=deadline)
