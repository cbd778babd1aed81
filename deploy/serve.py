"""Serve the platform from this one process until SIGTERM: ``python -m deploy.serve``.

To be called in the project's folder. This is the only place that says how a server is started;
``make run``, tests, benchmarks and the units in this folder all come here. It reads from the
environment, beside what the settings read:

* ``PORT`` (8000) and ``HOST`` (``localhost``: every loopback address; empty: every address);
* ``SERVER``: ``uvicorn`` or ``daphne``.

A client that stops reading must cost neither memory nor a place, and an ASGI application can not
cut it: ``send`` waits for it, and so does ``close``. Under uvicorn the listening sockets therefore
carry two limits that every connection inherits: how much unsent data the kernel takes before
``send`` waits, and how long data may stay unacknowledged before the kernel resets the connection
and the application hears of it.
"""

import errno
import os
import socket
import sys

import uvicorn

APPLICATION = "chatplatform.asgi:application"
PING_INTERVAL_SECONDS = 15
PING_TIMEOUT_SECONDS = 30
MAX_FRAME_BYTES = 1024 * 1024
UNSENT_BYTES = 128 * 1024
UNACKNOWLEDGED_MILLISECONDS = 1000 * (PING_INTERVAL_SECONDS + PING_TIMEOUT_SECONDS)
GRACE_SECONDS = 10
"""How long requests under way may take after SIGTERM."""

_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


def addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """Return what ``host`` (empty: every address) means here, each family and address once."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, (str(name[0]), port)) for family, _, _, _, name in found))


def bind(host: str, port: int) -> list[socket.socket]:
    """Take every address of ``host`` that this machine has; ``OSError`` where none can be had."""
    sockets: list[socket.socket] = []
    absent: OSError | None = None
    for family, address in addresses(host, port):
        try:
            sockets.append(_bound(family, address))
        except OSError as error:
            if error.errno not in _ABSENT:
                raise
            absent = error
    if absent and not sockets:
        raise absent
    return sockets


def _bound(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if sys.platform == "linux":
        tcp = socket.IPPROTO_TCP
        bound.setsockopt(tcp, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        bound.setsockopt(tcp, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS)
    bound.bind(address)
    return bound


def announce(port: int) -> None:
    """Say that the port is taken and what ends the server."""
    print(f"Serving on port {port} until SIGTERM.", flush=True)


def serve_with_uvicorn(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; control pings, frame limit and back-pressure are uvicorn's."""
    config = uvicorn.Config(
        APPLICATION,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_ping_interval=PING_INTERVAL_SECONDS,
        ws_ping_timeout=PING_TIMEOUT_SECONDS,
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        proxy_headers=False,  # whom to believe is a setting of the platform: TRUSTED_PROXIES
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    sockets = bind(host, port)
    announce(port)
    uvicorn.Server(config).run(sockets=sockets)


def serve_with_daphne(host: str, port: int) -> None:
    """Become daphne, which serves the same but applies no back-pressure: not for the open net."""
    command = [sys.executable, "-m", "daphne", "--verbosity", "0", "--no-server-name"]
    command += ["--ping-interval", str(PING_INTERVAL_SECONDS)]
    command += ["--ping-timeout", str(PING_TIMEOUT_SECONDS)]
    command += ["--websocket_timeout", "-1"]
    command += ["--websocket-max-message-size", str(MAX_FRAME_BYTES)]
    command += ["--websocket-max-frame-size", str(MAX_FRAME_BYTES)]
    for bound in bind(host, port):  # asks what can be had here, and leaves it to daphne
        kind = "tcp6" if bound.family == socket.AF_INET6 else "tcp"
        interface = bound.getsockname()[0].replace(":", r"\:")
        command += ["--endpoint", f"{kind}:port={port}:interface={interface}"]
        bound.close()
    announce(port)
    os.execv(sys.executable, [*command, APPLICATION])  # noqa: S606 - no shell is wanted


SERVERS = {"uvicorn": serve_with_uvicorn, "daphne": serve_with_daphne}


def main() -> None:
    """Serve as the environment says; end with a message where it says something impossible."""
    name = os.environ.get("SERVER") or "uvicorn"
    if name not in SERVERS:
        sys.exit(f"SERVER={name} is not known here; use one of: {', '.join(SERVERS)}")
    port = int(os.environ.get("PORT") or 8000)
    try:
        SERVERS[name](os.environ.get("HOST", "localhost"), port)
    except OSError as error:
        sys.exit(f"Port {port} can not be served: {error.strerror}")


if __name__ == "__main__":
    main()
