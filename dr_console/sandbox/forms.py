"""The fields of a form, in the order they were sent."""

from __future__ import annotations

from email import message_from_bytes
from urllib.parse import parse_qsl

from starlette.requests import Request

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


async def fields(request: Request) -> list[tuple[str, str]]:
    """A name may come more than once. Files are left out. Nothing for a body that is no form."""
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    body = await request.body()
    if kind == URLENCODED:
        return parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    if kind != MULTIPART:
        return []
    whole = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    found = []
    for part in whole.get_payload() if whole.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        if name and not part.get_filename():  # type: ignore[union-attr]
            content = part.get_payload(decode=True)  # type: ignore[union-attr]
            found.append((str(name), bytes(content).decode(errors="replace")))
    return found
