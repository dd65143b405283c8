"""What a server's certificate says, believed or not."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

from dr_console.providers.capabilities.probe import Certificate


def believed(tls: ssl.SSLObject) -> Certificate | None:
    """The certificate of a connection that was verified; None if it was not."""
    told: Any = tls.getpeercert()
    if not told:
        return None
    return Certificate(
        subject=_named(told.get("subject", ())),
        issuer=_named(told.get("issuer", ())),
        names=tuple(value for kind, value in told.get("subjectAltName", ()) if kind in ("DNS", "IP Address")),
        begins_at=_moment(told["notBefore"]),
        expires_at=_moment(told["notAfter"]),
        fits=True,
        trusted=True,
    )


def unbelieved(tls: ssl.SSLObject, host: str) -> Certificate | None:
    """The certificate of a connection that was not verified, read by ourselves."""
    # Only where something is wrong with one: most processes need not hold this in memory.
    from cryptography import x509  # noqa: PLC0415

    try:
        read = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
    except ValueError:
        return None
    try:
        alternatives = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(str(each.value) for each in alternatives if isinstance(each, (x509.DNSName, x509.IPAddress)))
    except (x509.ExtensionNotFound, ValueError):
        names = ()
    return Certificate(
        subject=_called(read.subject),
        issuer=_called(read.issuer),
        names=names,
        begins_at=read.not_valid_before_utc,
        expires_at=read.not_valid_after_utc,
        fits=any(_covers(name, host) for name in names),
        trusted=False,
    )


def _covers(name: str, host: str) -> bool:
    """Whether a certificate for `name` is one for `host`: a star stands for exactly one label (RFC 6125)."""
    name, host = name.lower(), host.lower()
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return name == host


def _named(parts: Any) -> str:
    """Common name, else organisation, out of what the ssl module gives: ((("commonName", "x"),), …)."""
    by_kind = {kind: value for part in parts for kind, value in part}
    return str(by_kind.get("commonName") or by_kind.get("organizationName") or "")


def _called(name: Any) -> str:
    by_kind = {attribute.rfc4514_attribute_name: str(attribute.value) for attribute in name}
    return by_kind.get("CN") or by_kind.get("O") or ""


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
