"""How a check ends early: an exception from inside it, which never leaves the package."""

from __future__ import annotations

import errno
import os
import ssl

from dr_console.providers.capabilities.probe import Failure

_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EHOSTDOWN, errno.ENETDOWN}


class Failed(Exception):
    """The check is not good, and this is why."""

    def __init__(self, failure: Failure, said: str = "") -> None:
        super().__init__(failure, said)
        self.failure = failure
        self.said = said


def of_the_system(error: OSError) -> Failed:
    """What an error of the socket or of TLS means."""
    if isinstance(error, ssl.SSLError):
        return Failed(Failure.TLS, _of_tls(error))
    # asyncio puts its own sentence, with the address, in the place of the system's.
    said = os.strerror(error.errno) if error.errno else str(error)
    if isinstance(error, ConnectionRefusedError):
        return Failed(Failure.REFUSED, said)
    if isinstance(error, ConnectionError):
        return Failed(Failure.RESET, said)
    # The kernel's own time-out is longer than ours; where it comes first, nobody was there.
    if error.errno in _UNREACHABLE or isinstance(error, TimeoutError):
        return Failed(Failure.UNREACHABLE, said)
    return Failed(Failure.RESET, said)


def _of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message or str(error)
    return (error.reason or str(error)).replace("_", " ").lower()
