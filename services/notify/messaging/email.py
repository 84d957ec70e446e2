"""E-mail over SMTP: one connection for one message, with TLS and a password where the settings say so.

The `Message-ID` is made of the id of the message: what was sent again after a crash can be known by it.
"""

import asyncio
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from typing import Final

import aiosmtplib

from contracts.codes import AttemptResult
from services.notify.delivery.sender import ATTEMPT_SECONDS, Answer
from services.notify.delivery.store import Attempt
from services.notify.messaging.sending import Envelope

FOR_GOOD: Final = range(500, 600)
TAGS: Final = {"zh": "zh-CN", "en": "en"}


class SmtpSecurity(StrEnum):
    """How the server is spoken to."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """A mail server. `sender` is the address that mails come from."""

    host: str
    port: int
    security: SmtpSecurity
    sender: str
    tls: ssl.SSLContext
    user: str = ""
    password: str = ""
    seconds: float = ATTEMPT_SECONDS

    @property
    def domain(self) -> str:
        """Of the sender; as this the server is greeted too."""
        return self.sender.rpartition("@")[2]

    async def send(self, envelope: Envelope) -> Answer:
        """Never raises, whatever the other side does."""
        at, began = datetime.now(UTC), time.monotonic()
        result, status = await self._result(self.mail(envelope, at))
        milliseconds = int((time.monotonic() - began) * 1000)
        return Answer(attempt=Attempt(at=at, result=result, status=status, milliseconds=milliseconds))

    def mail(self, envelope: Envelope, at: datetime) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, envelope.to
        mail["Subject"] = envelope.words.subject
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = f"<{envelope.id}@{self.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["Content-Language"] = ", ".join(TAGS[one] for one in envelope.languages)
        mail.set_content(envelope.words.text, charset="utf-8", cte="base64")
        return mail

    async def _result(self, mail: EmailMessage) -> tuple[AttemptResult, int | None]:
        try:
            async with asyncio.timeout(self.seconds):
                await aiosmtplib.send(
                    mail,
                    hostname=self.host,
                    port=self.port,
                    username=self.user or None,
                    password=self.password or None,
                    use_tls=self.security is SmtpSecurity.TLS,
                    start_tls=self.security is SmtpSecurity.STARTTLS,
                    tls_context=self.tls if self.security is not SmtpSecurity.NONE else None,
                    local_hostname=self.domain,
                    timeout=self.seconds,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0].code)
        except aiosmtplib.SMTPDataError as error:
            return _refused(error.code)
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            return AttemptResult.TIMED_OUT, None
        except aiosmtplib.SMTPResponseException as error:
            # The server wants none of us, whoever it is for: that is put right by whoever runs the installation.
            return AttemptResult.REFUSED, error.code
        except (aiosmtplib.SMTPException, OSError, ValueError):
            return AttemptResult.NO_CONNECTION, None
        return AttemptResult.DELIVERED, None


def _refused(code: int) -> tuple[AttemptResult, int]:
    return (AttemptResult.REJECTED if code in FOR_GOOD else AttemptResult.REFUSED), code
