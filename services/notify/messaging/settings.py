"""What an installation sets so that people are written to, and what is made of it."""

import json
import re
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
from pydantic import Field, SecretStr, field_validator, model_validator
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import DeliveryChannel
from contracts.submissions import EMAIL
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.settings import ORIGIN, RuntimeSettings
from services.notify.delivery.carriers import Carrier
from services.notify.delivery.sender import WebhookSender, tls_context
from services.notify.domain.targets import BadTarget, read_target
from services.notify.messaging.applicants import Applicants
from services.notify.messaging.email import Smtp, SmtpSecurity
from services.notify.messaging.sending import MessageCarrier, Transport
from services.notify.messaging.sms import BODY, PLACES, SmsGateway

ADDRESS = rf"{ORIGIN}[A-Za-z0-9._~/-]*"
HOST = r"[A-Za-z0-9.:-]{1,253}"


class MessageSettings(RuntimeSettings):
    """A channel of which nothing is said is not used."""

    notify_smtp_host: str = Field(default="", pattern=rf"^({HOST})?$")
    """Mail server; without one no e-mail is sent."""
    notify_smtp_port: int = Field(default=587, ge=1, le=65535)
    """Its port: 587 with `starttls`, 465 with `tls`."""
    notify_smtp_security: SmtpSecurity = SmtpSecurity.STARTTLS
    """How it is spoken to; `none` is for a server on the same machine."""
    notify_smtp_user: str = ""
    """Account at the mail server; empty where it asks for none."""
    notify_smtp_password: SecretStr = SecretStr("")
    """Its password."""
    notify_smtp_ca_file: Path | None = None
    """Certificates that sign the mail server's, beside the system's."""
    notify_mail_from: str = Field(default="", pattern=rf"^({EMAIL})?$")
    """Address that e-mails come from; must be set where there is a mail server."""
    notify_sms_url: str = Field(default="", pattern=r"^(https?://[\x21-\x7e]{1,1900})?$")
    """Gateway for text messages; without one none is sent."""
    notify_sms_token: SecretStr = SecretStr("")
    """Bearer token for the gateway."""
    notify_sms_body: str = BODY
    """JSON that the gateway wants, with {id}, {to} and {text} in its texts."""
    notify_sms_ca_file: Path | None = None
    """Certificates that sign the gateway's, beside the system's."""
    intake_url: str = Field(default="", pattern=rf"^({ADDRESS})?$")
    """Where browsers find intake, so that the board can show why a date of a window is what it is; and where notify
    asks it for the applicant to whom a message goes."""

    @field_validator("notify_sms_body")
    @classmethod
    def _is_json_with_places(cls, value: str) -> str:
        try:
            read = json.loads(value)
        except ValueError:
            raise ValueError("must be JSON") from None
        if not isinstance(read, dict) or {"to", "text"} - set(PLACES.findall(value)):
            raise ValueError("must be a JSON object with {to} and {text} in its texts")
        return value

    @field_validator("notify_sms_url")
    @classmethod
    def _can_be_asked(cls, value: str) -> str:
        try:
            if value:
                read_target(value, _named(value))
        except BadTarget:
            raise ValueError("must be an address of http or https") from None
        return value

    @model_validator(mode="after")
    def _channels_are_whole(self) -> Self:
        if self.notify_smtp_host and not self.notify_mail_from:
            raise ValueError("notify_smtp_host needs notify_mail_from")
        if self.notify_smtp_user and self.notify_smtp_security is SmtpSecurity.NONE:
            raise ValueError(
                "notify_smtp_user needs notify_smtp_security starttls or tls: no password goes in the open"
            )
        if (self.notify_smtp_host or self.notify_sms_url) and not self.intake_url:
            raise ValueError("notify_smtp_host and notify_sms_url need intake_url, where applicants are asked for")
        return self


def carriers(
    settings: MessageSettings, engine: AsyncEngine, *, clock: Clock, policy: PolicyWatch
) -> dict[DeliveryChannel, Carrier]:
    """Of the channels that are set up."""
    transports: dict[DeliveryChannel, Transport] = {}
    if settings.notify_smtp_host:
        transports[DeliveryChannel.EMAIL] = Smtp(
            host=settings.notify_smtp_host,
            port=settings.notify_smtp_port,
            security=settings.notify_smtp_security,
            sender=settings.notify_mail_from,
            tls=tls_context(settings.notify_smtp_ca_file),
            user=settings.notify_smtp_user,
            password=settings.notify_smtp_password.get_secret_value(),
        )
    if settings.notify_sms_url:
        transports[DeliveryChannel.SMS] = SmsGateway(
            url=settings.notify_sms_url,
            body=msgspec.json.decode(settings.notify_sms_body),
            sender=WebhookSender(named=_named(settings.notify_sms_url), tls=tls_context(settings.notify_sms_ca_file)),
            token=settings.notify_sms_token.get_secret_value(),
        )
    applicants = Applicants(
        url=settings.intake_url.rstrip("/"),
        token_key=settings.token_key.get_secret_value(),
        client=httpx.AsyncClient(trust_env=False),
    )
    return {
        channel: MessageCarrier(engine=engine, clock=clock, policy=policy, applicants=applicants, transport=one)
        for channel, one in transports.items()
    }


def _named(url: str) -> frozenset[str]:
    """Whoever runs the installation has named it, so it may be private."""
    found: Any = re.match(r"https?://(\[[0-9a-fA-F:]+\]|[^/:?#]+)", url)
    return frozenset({found[1].strip("[]").lower()}) if found is not None else frozenset()
