"""Where the public status page is pushed to, and where readers find it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dr_console import env

NONE = "none"
STORES = (NONE, "s3", "r2")


@dataclass(frozen=True)
class StatusPlaces:
    """`vendor`: of the capability objects; empty for none. `prefix`: what its keys begin with. `url`: for readers."""

    url: str = ""
    folder: Path | None = None
    vendor: str = ""
    bucket: str = ""
    prefix: str = ""


def status_places(mode: str) -> StatusPlaces:
    """Raises WrongSetting where a store is named without its bucket."""
    pretend = mode == "sandbox"
    store = env.choice(
        "DR_STATUS_STORE",
        "s3" if pretend else NONE,
        "Object store that the public status page is pushed to: one at another vendor than the product’s own.",
        among=STORES,
    )
    bucket = env.text(
        "DR_STATUS_BUCKET", "gemini-status" if pretend else "", "Bucket of the public status page, in that store."
    )
    if store != NONE and not bucket:
        raise env.WrongSetting("DR_STATUS_BUCKET", "is needed because DR_STATUS_STORE is set.")
    prefix = env.text("DR_STATUS_PREFIX", "", "What the names of its files begin with there: status/.")
    folder = env.text("DR_STATUS_FOLDER", "", "Folder that the public status page is written to as well, as files.")
    url = env.url("DR_STATUS_URL", "", "Where readers find the public status page: https://status.example.com.")
    return StatusPlaces(url, Path(folder) if folder else None, store if store != NONE else "", bucket, prefix)
