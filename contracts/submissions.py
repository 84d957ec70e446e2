"""What comes in from outside: a matter to register, and an office's answer. Every byte of it may be wrong."""

import re
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from contracts.codes import Consent, FeedbackAction, SubmissionChannel

LONGEST_IDENTIFIER: Final = 128
IDENTIFIER_FORM: Final = r"^[\x21-\x7e]+$"
AREA_FORM: Final = r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$"

Identifier = Annotated[str, Meta(min_length=1, max_length=LONGEST_IDENTIFIER, pattern=IDENTIFIER_FORM)]
"""An id of a foreign system: printable ASCII without blanks."""
POST: Final = r"[a-z]+[0-9]{0,4}(-([a-z]+[0-9]{0,4}|[0-9]{1,4}))*"
POST_FORM: Final = rf"^({POST})?$"
Post = Annotated[str, Meta(max_length=32, pattern=POST_FORM)]
"""A post as its office calls it, for example `window-3`; never a person's name, and no room for a person's number."""
EMAIL: Final = r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+"
PHONE: Final = r"\+?[0-9]{3,20}"
"""As a gateway takes it, once blanks and dashes are gone."""
ShortText = Annotated[str, Meta(max_length=200)]
LongText = Annotated[str, Meta(max_length=4000)]


def is_identifier(value: object) -> bool:
    """Whether something can be an id of a foreign system at all."""
    return isinstance(value, str) and len(value) <= LONGEST_IDENTIFIER and bool(re.fullmatch(IDENTIFIER_FORM, value))


class Applicant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The person the matter is about. Encrypted at once, never in an event."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    phone: Annotated[str, Meta(max_length=40)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    no_messages: bool = False
    """Wants no text messages and no e-mail; the window tells everything itself."""
    id_number: Annotated[str, Meta(max_length=40)] = ""
    """18 characters of GB 11643-1999 with a true birth date and check character: of identity cards, residence permits
    of Hong Kong, Macau and Taiwan, foreigners' cards of 18 digits. Left out for every other document."""
    household: Annotated[str, Meta(max_length=64)] = ""


class Submission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A matter to register: HTTP body, and value on `intake.submissions.v1`."""

    submission_id: Identifier
    source: Identifier
    category: Identifier
    area: Annotated[str, Meta(pattern=AREA_FORM)]
    """Statistical division code of 2, 4, 6, 9 or 12 digits."""
    channel: SubmissionChannel = SubmissionChannel.SYSTEM
    received_at: datetime | None = None
    """When the window took the matter, with offset; the moment of arrival if absent."""
    applicant: Applicant
    summary: LongText = ""
    attributes: dict[ShortText, str | int | bool] = msgspec.field(default_factory=dict)
    materials: Annotated[tuple[Identifier, ...], Meta(max_length=100)] = ()
    """Codes of the material that was handed in."""
    first_contact_post: Post = ""
    """The post of who was asked first (首问责任人), never a name; without it the desk answers for the matter."""
    consent: Consent | None = None
    """How the applicant agreed, where somebody else hands it in (代办); a village assistant always says it."""


class Feedback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An office's answer: value on `departments.<office>.feedback.v1`. `feedback_id` is unique per office."""

    feedback_id: Identifier
    referral_id: UUID
    action: FeedbackAction
    occurred_at: datetime | None = None
    """When it happened, with offset. Counts for hold and resume alone; whether a limit was kept is decided by when the
    answer arrived."""
    reason: Annotated[str, Meta(max_length=64)] = ""
    """A reason code of the policy; mandatory for return, hold, extend and fail."""
    text: LongText = ""
    attributes: dict[ShortText, str | int | bool] = msgspec.field(default_factory=dict)
