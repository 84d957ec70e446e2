"""A partner's own HTTPS server: it keeps what it was sent, and answers as a test has told it."""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "partner.example"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request. `headers` have small letters."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body)


@dataclass(kw_only=True)
class Partner:
    """`answers` are given in turn; after the last of them everything is well. `None` drops the connection."""

    port: int = 0
    name: str = NAME
    authority: Path
    received: list[Received] = field(default_factory=list)
    answers: deque[bytes | float | None] = field(default_factory=deque)
    always: bytes | None = OK
    names: list[str | None] = field(default_factory=list)
    """That clients asked for when they shook hands (SNI)."""
    _heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    def url(self, path: str = "/hook", name: str = "") -> str:
        return f"https://{name or self.name}:{self.port}{path}"

    @property
    def types(self) -> list[str]:
        return [one.event["type"] for one in self.received]

    async def has(self, number: int) -> list[Received]:
        """Once so many requests have come."""
        async with asyncio.timeout(30), self._heard:
            await self._heard.wait_for(lambda: len(self.received) >= number)
        return self.received

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        async with self._heard:
            self.received.append(Received(path=head[0].split(" ")[1], headers=headers, body=body))
            self._heard.notify_all()
        answer = self.answers.popleft() if self.answers else self.always
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return False
        if answer is None:
            return False
        writer.write(answer)
        await writer.drain()
        return b"onnection: close" not in answer


def status(number: int, *headers: str) -> bytes:
    more = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {number} Said\r\ncontent-length: 0\r\n{more}\r\n".encode()


@asynccontextmanager
async def listening(folder: Path, name: str = NAME) -> AsyncIterator[Partner]:
    """On loopback, with a certificate for its name by an authority of its own."""
    certificate(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    partner = Partner(name=name, authority=folder / "authority.pem")
    context.sni_callback = lambda _socket, asked, _context: partner.names.append(asked)
    server = await asyncio.start_server(partner.handle, "127.0.0.1", 0, ssl=context)
    partner.port = server.sockets[0].getsockname()[1]
    try:
        yield partner
    finally:
        server.close()


def at_loopback(*names: str) -> Callable[[str, int], Any]:
    """Resolves these names to loopback, and knows no other."""

    async def resolve(host: str, port: int) -> list[str]:
        if host not in names:
            raise OSError("no such name")
        return ["127.0.0.1"]

    return resolve


def certificate(folder: Path, name: str) -> None:
    """`authority.pem`, `server.pem` and `server.key`."""
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of a test")])
    root = _begun(issuer, issuer, authority.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    leaf = _begun(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), issuer, server.public_key()
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "authority.pem").write_bytes(root.sign(authority, hashes.SHA256()).public_bytes(pem))
    (folder / "server.pem").write_bytes(leaf.sign(authority, hashes.SHA256()).public_bytes(pem))
    (folder / "server.key").write_bytes(server.private_bytes(pem, private, serialization.NoEncryption()))


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
