"""Remember where a request comes from, for the audit log and for log lines."""

from __future__ import annotations

import ipaddress
import uuid

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from dr_console.audit import origin

UNKNOWN = "unknown"


class RememberOrigin(MiddlewareMixin):
    """Binds the client's address for `audit.services.record`; address, request and person for structlog."""

    def process_request(self, request: HttpRequest) -> None:
        address = client_address(request)
        origin.remember(address)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request=uuid.uuid4().hex[:12], person=request.user.pk if request.user.is_authenticated else None, ip=address
        )

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # A thread serves many requests: what it does next must not carry this one's address.
        origin.remember("")
        structlog.contextvars.clear_contextvars()
        return response


def client_address(request: HttpRequest) -> str:
    """The address of whoever sent the request.

    Every proxy appends the address that it saw to X-Forwarded-For, so that only the last DR_TRUSTED_PROXIES of them
    were written by proxies of ours; whatever stands before was typed by the sender and is not believed.
    """
    trusted: int = settings.DR_TRUSTED_PROXIES
    hops = [hop for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if trusted and len(hops) >= trusted and (forwarded := _address(hops[-trusted])):
        return forwarded
    return _address(request.META.get("REMOTE_ADDR", "")) or UNKNOWN


def _address(text: str) -> str:
    """The IP address in the text, without port or brackets; empty when there is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
