"""Sign what others are to believe: Ed25519, with one key for the whole console.

The key is DR_SIGNING_KEY, or one that is made once and kept in DR_DATA_DIR. Whoever holds the public key can tell that
what they were given is from this console, through whatever caches it came.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from dr_console.env import WrongSetting

FILE = "signing-key"
KEY_BYTES = 32
ALGORITHM = "Ed25519"


def sign(message: bytes) -> str:
    """The signature, in base64."""
    return base64.b64encode(_key().sign(message)).decode()


def public_key() -> str:
    """As PEM, for programs."""
    return _key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_id() -> str:
    """Tells keys apart while one is being replaced: the first half of the public key's digest, in hexadecimal."""
    raw = _key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:32]


def _key() -> Ed25519PrivateKey:
    return _read(settings.DR_SIGNING_KEY, settings.DR_DATA_DIR)


@lru_cache(maxsize=4)
def _read(given: str, folder: Path) -> Ed25519PrivateKey:
    text, name = (given, "DR_SIGNING_KEY") if given else (_kept(folder / FILE), str(folder / FILE))
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise WrongSetting(name, f"must be an Ed25519 private key: {KEY_BYTES} bytes in base64.")
    return Ed25519PrivateKey.from_private_bytes(raw)


def _kept(path: Path) -> str:
    """The key in the folder, made now if there is none. Of several processes that make one, the first one's stays."""
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f"{FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
    try:
        os.link(own, path)  # whole or not at all, and never over another
    except FileExistsError:
        pass
    finally:
        own.unlink()
    return path.read_text(encoding="ascii").strip()
