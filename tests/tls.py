"""TLS in front of a test server: official clients speak nothing else.

A certificate of the test's own is for ``localhost`` and whatever names the test wants; connections
are decrypted and carried to the server byte for byte.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class TlsDoor:
    """Where TLS is spoken, and the certificate to trust."""

    port: int
    authority: Path

    @property
    def host(self) -> str:
        """Host and port, as clients take them."""
        return f"localhost:{self.port}"


def _certificate(directory: Path, names: Sequence[str]) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    hosts = [x509.DNSName(host) for host in ("localhost", *names)]
    addresses = [x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([*hosts, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = directory / "certificate.pem", directory / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_path, key_path


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()


async def _serve(port: int, certificate: Path, key: Path, opened: Future[int]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def carry_both(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_carry(reader, inner_writer), _carry(inner_reader, writer))

    door = await asyncio.start_server(carry_both, "127.0.0.1", 0, ssl=context)
    opened.set_result(door.sockets[0].getsockname()[1])
    with suppress(asyncio.CancelledError):
        await door.serve_forever()


@contextmanager
def tls_door(directory: Path, server_port: int, *names: str) -> Iterator[TlsDoor]:
    """Speak TLS on a free port of 127.0.0.1 for the server on ``server_port``.

    The certificate is good for ``localhost`` and for ``names``.
    """
    certificate, key = _certificate(directory, names)
    opened: Future[int] = Future()
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = []

    async def run() -> None:
        serving = asyncio.ensure_future(_serve(server_port, certificate, key, opened))
        running.append((asyncio.get_running_loop(), serving))
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    try:
        yield TlsDoor(port=opened.result(timeout=10), authority=certificate)
    finally:
        loop, serving = running[0]
        loop.call_soon_threadsafe(serving.cancel)
        thread.join(timeout=10)
