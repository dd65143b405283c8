"""The socket that pages are served from."""

from __future__ import annotations

import errno
import socket

from dr_console.env import WrongSetting


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen. Made before the web process and kept beside it: nobody is turned away while that restarts.

    Raises WrongSetting, naming PORT or HOST, when it cannot be had.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise WrongSetting("HOST", f"“{host}” is no address of this machine ({error.strerror}).") from error
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise _refusal(host, port, error) from error
    return listener


def _refusal(host: str, port: int, error: OSError) -> WrongSetting:
    if error.errno == errno.EADDRINUSE:
        return WrongSetting("PORT", f"{port} is in use by another program. Stop that, or choose another port.")
    if error.errno == errno.EACCES:
        return WrongSetting("PORT", f"{port} may be used by an administrator only. Choose one above 1023.")
    return WrongSetting("HOST", f"“{host}” is no address of this machine ({error.strerror}).")
