"""Which users, rights, quotas and topics a broker has to have: made of the registries of topics and of partners."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from contracts.codes import Role
from contracts.topics import (
    OPERATIONS,
    PARTNER_REJECTIONS,
    PARTNER_SUBMISSIONS,
    THAT_OFFICE,
    THAT_PARTNER,
    TOPICS,
    Topic,
)
from libraries.partners.store import Partner

READ: Final = "read"
WRITE: Final = "write"
CREATE: Final = "create"
OF_TOWNSHIPS: Final = (PARTNER_SUBMISSIONS, PARTNER_REJECTIONS)
QUOTA: Final[Mapping[str, float]] = {
    "producer_byte_rate": 1024.0 * 1024,
    "consumer_byte_rate": 8.0 * 1024 * 1024,
    "request_percentage": 50.0,
}
"""Of one user: nobody needs more for its own work, and nobody slows the others down with less."""


class Right(NamedTuple):
    """What a user may do with a topic, or with every consumer group whose name begins so."""

    user: str
    operation: str
    kind: str
    name: str
    prefixed: bool = False


def rights_of_partner(partner: Partner, user: str) -> frozenset[Right]:
    """Of one of its users; none of a partner that is disabled."""
    if partner.disabled:
        return frozenset()
    names = {(READ if reads else WRITE, name) for reads, name in _topics_of(partner)}
    topics = {Right(user, operation, "topic", name) for operation, name in names}
    return frozenset(topics | {Right(user, READ, "group", f"{partner.name}.", prefixed=True)})


def rights_of_service(service: str, offices: Iterable[str], partners: Iterable[Partner] = ()) -> frozenset[Right]:
    """Of the topics that it writes it also makes those that it lacks."""
    known = tuple(offices)
    own = [(topic, name) for partner in partners for name, topic in topics_of(partner).items()]
    shared = [(topic, topic.name) for topic in TOPICS if topic.shared]
    of_offices = [(topic, topic.named(office)) for topic in TOPICS if topic.per_office for office in known]
    found = {Right(service, READ, "group", f"{service}.", prefixed=True)}
    for topic, name in (*shared, *of_offices, *own):
        writes = service in topic.writer.replace(",", " ").split()
        operations = ((WRITE, CREATE) if writes else ()) + ((READ,) if service in topic.readers else ())
        found |= {Right(service, one, "topic", name) for one in operations}
    return frozenset(found)


def topics_of(partner: Partner) -> dict[str, Topic]:
    """Those of its own that have to be there."""
    if partner.disabled:
        return {}
    own = (topic for topic in TOPICS if topic.per_partner)
    wanted = (t for t in own if t not in OF_TOWNSHIPS or partner.role is Role.TOWNSHIP)
    return {topic.named(partner.name): topic for topic in wanted}


def _topics_of(partner: Partner) -> Iterator[tuple[bool, str]]:
    """Whether it reads, and what.

    Nobody writes to the submissions that all share: a record there does not say whose it is.
    """
    own = topics_of(partner)
    for topic in TOPICS:
        for who, reads in ((topic.writer, False), *((reader, True) for reader in topic.readers)):
            if who == THAT_PARTNER and topic.named(partner.name) in own:
                yield reads, topic.named(partner.name)
            if who == THAT_OFFICE and partner.role is Role.OFFICER:
                yield reads, topic.named(partner.office)
            if who == OPERATIONS and partner.role is Role.OPS and not partner.area:
                yield reads, topic.name
