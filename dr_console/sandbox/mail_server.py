"""The mail server: letters that arrive are in the outbox. Fault rules of the vendor "email" make it refuse them.

The label of a rule's route is "RCPT ops@example.com". An error of status 500 and above is a refusal for good (550), one
below a refusal for now (451), as is a throttling.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dr_console.sandbox.faults import Kind

if TYPE_CHECKING:
    from dr_console.sandbox.world import World

VENDOR = "email"


async def serve_mail(world: Callable[[], World], listener: socket.socket) -> list[Any]:
    letters = Letters(world)

    def protocol() -> asyncio.Protocol:
        from aiosmtpd.smtp import SMTP  # noqa: PLC0415 (nobody may ever write, and an idle sandbox is to stay small)

        made: asyncio.Protocol = SMTP(letters, hostname="sandbox.localhost", enable_SMTPUTF8=True, decode_data=False)
        return made

    return [await asyncio.get_running_loop().create_server(protocol, sock=listener)]


class Letters:
    """What aiosmtpd calls for each step of a letter. Names are its."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        world = self._world()
        world.clock.run_due()
        label = f"RCPT {address}"
        number, at = world.truth.begin(), world.clock.now()
        status, said = 250, "250 2.1.5 Ok"
        for hit in world.faults.hitting(VENDOR, label):
            if hit.rule.kind is Kind.LATENCY:
                await asyncio.sleep(world.faults.delay(hit))
            elif hit.rule.kind is Kind.RESET:
                status, said = 0, "421 4.3.2 Service shutting down"
                server.transport.abort()
            elif hit.rule.kind is Kind.TIMEOUT:
                status = 0
                await asyncio.sleep(hit.rule.seconds or 120.0)
            else:
                for_good = hit.rule.kind is Kind.ERROR and (hit.rule.status or 503) >= 500
                status = 550 if for_good else 451
                said = "550 5.1.1 User unknown" if for_good else "451 4.7.1 Try again later"
        world.truth.request(number, VENDOR, label, status, at=at)
        if status == 250:
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        from email import message_from_bytes, policy  # noqa: PLC0415 (see above)

        world = self._world()
        letter = message_from_bytes(envelope.content, policy=policy.default)
        text = _text(letter)
        headers = {name.lower(): str(value) for name, value in letter.items()}
        for address in envelope.rcpt_tos:
            detail = {"from": envelope.mail_from, "subject": headers.get("subject", ""), "headers": headers}
            world.outbox.add(VENDOR, address, text, "delivered", **detail)
            world.truth.effect(VENDOR, "mail.accept", address, subject=headers.get("subject", ""))
        return "250 2.0.0 Ok: queued"


def _text(letter: Any) -> str:
    body = letter.get_body(("plain", "html"))
    try:
        return str(body.get_content()) if body is not None else ""
    except (LookupError, ValueError):  # a character set that nobody knows
        return ""
