"""The applicant of a case, asked of intake at the moment at which a message goes out. The opening stands on record.

Nothing of the answer is kept or logged: not the name, not the number, not the address.
"""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

import httpx
import msgspec

from contracts.submissions import Applicant
from libraries.runtime.web.auth import Principal, Role, issue_token

PURPOSE: Final = "contact"
POST: Final = "messages"
"""As which the record shows it; no person has looked."""
TOKEN_LIVES: Final = timedelta(minutes=1)
PATIENCE_SECONDS: Final = 5.0


class ApplicantUnread(Exception):
    """Intake does not answer, or not so at the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicants:
    """`url` is where intake is; the key is that with which the installation signs tokens."""

    url: str
    token_key: str
    client: httpx.AsyncClient

    async def read(self, case_id: UUID, area: str) -> Applicant | None:
        """None of whom everything was erased. Raises `ApplicantUnread`."""
        user = Principal(subject="notify", role=Role.COORDINATOR, area=area, post=POST)
        token = issue_token(self.token_key, user, lifetime=TOKEN_LIVES)
        try:
            answer = await self.client.get(
                f"{self.url}/v1/cases/{case_id}/applicant",
                params={"purpose": PURPOSE},
                headers={"authorization": f"Bearer {token}"},
                timeout=PATIENCE_SECONDS,
            )
            if answer.status_code == HTTPStatus.GONE:
                return None
            if answer.status_code != HTTPStatus.OK:
                raise ApplicantUnread(str(answer.status_code))
            return msgspec.json.decode(answer.content, type=Applicant)
        except (httpx.HTTPError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ApplicantUnread(type(error).__name__) from None
