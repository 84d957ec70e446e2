"""A real SMTP server of a test: with or without TLS and a password, and it refuses whom a test names."""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

from tests.integration.notify.partner import certificate

NAME = "localhost"
USER, PASSWORD = "yimen", "a password of a test"


@dataclass(kw_only=True)
class MailServer:
    """`answers` to DATA are given in turn, after the last of them all is well; a number is a wait before that."""

    port: int = 0
    authority: Path | None = None
    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: deque[str | float] = field(default_factory=deque)
    refuses: dict[str, str] = field(default_factory=dict)
    """By recipient, with what."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 -- as the library calls it
        del server, session, options
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- as the library calls it
        del server, session
        answer = self.answers.popleft() if self.answers else "250 OK"
        if isinstance(answer, float):
            await asyncio.sleep(answer)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.received.append(mail)
        self.recipients += envelope.rcpt_tos
        return answer if isinstance(answer, str) else "250 OK"


@asynccontextmanager
async def mail_server(folder: Path, *, security: str = "none", password: bool = False) -> AsyncIterator[MailServer]:
    certificate(folder, NAME)
    server = MailServer(authority=folder / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")

    def knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)

    def protocol() -> SMTP:
        starttls = security == "starttls"
        return SMTP(
            server,
            hostname=NAME,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=knows if password else None,
            auth_required=password,
            auth_require_tls=starttls,
            loop=asyncio.get_running_loop(),
        )

    loop = asyncio.get_running_loop()
    listener = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if security == "tls" else None)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
