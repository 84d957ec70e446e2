"""Where somebody is written to by a channel. Pure; what cannot be an address is none."""

import re
from typing import Final, assert_never

from contracts.codes import DeliveryChannel
from contracts.submissions import EMAIL, PHONE, Applicant
from libraries.policies.model import Office

_BETWEEN: Final = re.compile(r"[\s()（）.-]+")
_MOBILE: Final = re.compile(r"(?:\+86|0086)?1[3-9][0-9]{9}|\+(?!86)[0-9]{6,20}")
"""A landline gets no text message, and with its extension it would be somebody else's number."""


def address_of_applicant(applicant: Applicant, channel: DeliveryChannel) -> str:
    number = _BETWEEN.sub("", applicant.phone)
    return _address(applicant.email, number if _MOBILE.fullmatch(number) else "", channel)


def address_of_office(office: Office, channel: DeliveryChannel) -> str:
    """As the policy has it."""
    return _address(office.email, office.phone, channel)


def _address(email: str, phone: str, channel: DeliveryChannel) -> str:
    match channel:
        case DeliveryChannel.EMAIL:
            return email if re.fullmatch(EMAIL, email, re.ASCII) else ""
        case DeliveryChannel.SMS:
            return phone if re.fullmatch(PHONE, phone, re.ASCII) else ""
        case DeliveryChannel.WEBHOOK | DeliveryChannel.KAFKA:
            return ""
        case _:
            assert_never(channel)
