"""Which addresses the console asks on a person's word: not what is inside, where a URL could reach what it must not."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from django.conf import settings

from dr_console.vendors import is_loopback

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Of Alibaba and of others that keep their metadata at an address that is public by its number.
METADATA = frozenset({"100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254"})
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def why_not(address: str) -> str:
    """Why this address must not be asked; empty if it may. To be called with what is connected to, not with its name.

    DR_ALLOWED_NETWORKS names networks that may be asked all the same.
    """
    return _why_not(address, tuple(settings.DR_ALLOWED_NETWORKS))


def why_not_told(address: str) -> str:
    """As `why_not`, for what is sent on a person's word: in sandbox mode, nothing leaves this machine."""
    if settings.DR_MODE != "sandbox":
        return why_not(address)
    return "" if is_loopback(address) else f"{address} is not on this machine, as it must be in sandbox mode"


@lru_cache(maxsize=1024)
def _why_not(address: str, allowed: tuple[str, ...]) -> str:
    try:
        meant = _meant(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return f"{address} is no address"
    if any(meant in ipaddress.ip_network(network) for network in allowed):
        return ""
    if str(meant) in METADATA:
        return f"{address} tells a cloud’s secrets"
    if not meant.is_global or meant.is_multicast:
        return f"{address} is not a public address"
    return ""


def _meant(address: Address) -> Address:
    """The IPv4 address that is wrapped in an IPv6 one, if it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
