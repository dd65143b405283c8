"""DNS: read a record whole, point it elsewhere, put it back exactly as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class DnsRecord:
    """A record with all its attributes, as the vendor keeps it.

    `ttl`: seconds; 1 means that the vendor chooses. `proxied`: traffic goes through the vendor's CDN.
    `other`: what this vendor knows beside that, as it was read; it is put back and never looked into.
    """

    id: str
    name: str
    type: str
    content: str
    ttl: int
    proxied: bool = False
    comment: str = ""
    tags: tuple[str, ...] = ()
    other: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pointing:
    """Point `name` at `to`: a host name (CNAME) or an address (A, AAAA).

    `proxied`: whether traffic is to go through the vendor's CDN from then on; None leaves that as it is.
    """

    name: str
    to: str
    type: str = "CNAME"
    proxied: bool | None = None


class DnsProvider(Protocol):
    """Where a name has several records that could be meant, nothing is changed: REFUSED, permanent."""

    def record(self, name: str, *, type: str = "CNAME", deadline: Deadline) -> DnsRecord:
        """The one record of exactly this name and type. Raises NOT_FOUND if there is none."""
        ...

    def leading(self, name: str, *, type: str = "CNAME", deadline: Deadline) -> DnsRecord:
        """The one record that leads users of this name, a host name or an address, which `point` would change to
        `type`. Raises NOT_FOUND if there is none.
        """
        ...

    def point(
        self, pointing: Pointing, *, reference: str, before: DnsRecord | None = None, deadline: Deadline
    ) -> DnsRecord:
        """Point a record elsewhere, changing only its content and its comment, which is to name `reference`,
        and `proxied` where the pointing says so. Raises REFUSED, permanent, where the vendor has no CDN of its own.

        One that points there already is left as it is. Its type is changed too where it was another one (an address
        before, a host name now). Doing it twice is the same as doing it once, and `record` tells whether it was done.
        Returns the record as it now is. `before`: what `leading` has just said, so that it is not read again; a record
        that has gone meanwhile is an error.
        """
        ...

    def point_all(
        self,
        pointings: Sequence[Pointing],
        *,
        reference: str,
        before: Sequence[DnsRecord] = (),
        deadline: Deadline,
    ) -> list[DnsRecord]:
        """Several at once: all are changed, or none is. Otherwise as `point`; in the order given.

        `before`: for all of them or for none.
        """
        ...

    def put_back(self, record: DnsRecord, *, deadline: Deadline) -> DnsRecord:
        """Make the record exactly what `record` says, comment and all; made anew, with another id, if it is gone.

        Doing it twice is the same as doing it once, and `record` tells whether it was done.
        """
        ...

    def put_all_back(self, records: Sequence[DnsRecord], *, deadline: Deadline) -> list[DnsRecord]:
        """Several at once: all are changed, or none is. Otherwise as `put_back`; in the order given."""
        ...
