"""The topic registry: who writes what where, with which key, for how long, and who reads it."""

from datetime import timedelta
from typing import Final

import msgspec

from contracts.events import EVENTS, Event
from contracts.offices import OFFICE
from contracts.submissions import Feedback, Submission

PARTITIONS: Final = 12
BY_THE_BROKER: Final = {"message.timestamp.type": "LogAppendTime"}
"""When a record came is the broker's to say, and not its sender's."""


TOWNSHIPS: Final = "township systems"
THAT_OFFICE: Final = "that office alone"
THAT_PARTNER: Final = "that partner alone"
OPERATIONS: Final = "operations"
"""Who stands in the registry beside our services. The rights at the broker are made of these words."""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic, or one for each office that speaks Kafka (`{office}` in its name), or for each partner."""

    name: str
    key: str
    writer: str
    readers: tuple[str, ...]
    retention: timedelta
    purpose: str
    partitions: int = PARTITIONS
    subjects: tuple[str, ...] = ()
    """Event subjects that travel here, for example `case`."""
    segment: timedelta | None = None
    """In pieces of this length old records are dropped; as the broker likes it where nothing is said."""
    body: type[Submission | Feedback] | None = None
    """The message, where it is a partner's own and no event of ours."""

    @property
    def events(self) -> tuple[type[Event], ...]:
        return tuple(
            event
            for event in EVENTS.values()
            if any(subject == event.TYPE or event.TYPE.startswith(f"{subject}.") for subject in self.subjects)
        )

    @property
    def settings(self) -> dict[str, str]:
        """What the broker is told of the topic. Of what comes from outside it stamps the moment itself, if it can."""
        kept = {"retention.ms": str(int(self.retention.total_seconds() * 1000))}
        if self.segment is not None:
            kept["segment.ms"] = str(int(self.segment.total_seconds() * 1000))
        return kept | BY_THE_BROKER if self.body is not None else kept

    @property
    def per_office(self) -> bool:
        return "{office}" in self.name

    @property
    def per_partner(self) -> bool:
        return "{partner}" in self.name

    @property
    def shared(self) -> bool:
        """There is one of it."""
        return not self.per_office and not self.per_partner

    def named(self, whose: str) -> str:
        """That of one office or one partner."""
        return self.name.replace("{office}", whose).replace("{partner}", whose)


SUBMISSIONS: Final = Topic(
    name="intake.submissions.v1",
    key="the sender's own id",
    writer=TOWNSHIPS,
    readers=("intake",),
    retention=timedelta(days=7),
    purpose="a matter to register",
    body=Submission,
)
REJECTIONS: Final = Topic(
    name="intake.rejections.v1",
    key="the key of the submission if it may be repeated, else a keyed hash of it",
    writer="intake",
    readers=(OPERATIONS,),
    retention=timedelta(days=30),
    purpose="why a submission became no case",
    subjects=("submission",),
)
CASES: Final = Topic(
    name="intake.cases.v1",
    key="case id",
    writer="intake",
    readers=("routing", "notify", OPERATIONS),
    retention=timedelta(days=30),
    purpose="the life of a case and its clocks",
    subjects=("case", "clock.recalculated"),
)
REFERRALS: Final = Topic(
    name="routing.referrals.v1",
    key="case id",
    writer="routing",
    readers=("intake", "notify", OPERATIONS),
    retention=timedelta(days=30),
    purpose="decisions, referrals, answers and their clocks",
    subjects=(
        "referral",
        "routing",
        "feedback.received",
        "clock.lapsed",
        "clock.recalculated",
    ),
)
OFFICE_REFERRALS: Final = Topic(
    name="departments.{office}.referrals.v1",
    key="case id",
    writer="routing",
    readers=(THAT_OFFICE,),
    retention=timedelta(days=30),
    purpose="the office's own referrals: copies with the id and sequence of the original; and which answers were none",
    partitions=1,
    subjects=("referral", "clock.recalculated", "feedback"),
)
OFFICE_FEEDBACK: Final = Topic(
    name="departments.{office}.feedback.v1",
    key="referral id",
    writer=THAT_OFFICE,
    readers=("routing", "notify"),
    retention=timedelta(days=7),
    purpose="the office's answers; notify reads only which clocks one could stop, and when it came",
    partitions=1,
    body=Feedback,
)
ALERTS: Final = Topic(
    name="notify.alerts.v1",
    key="case id",
    writer="notify",
    readers=("intake", OPERATIONS),
    retention=timedelta(days=30),
    purpose="clocks that are due soon or broken, supervision, and what became of messages to people",
    subjects=("clock.due_soon", "clock.due", "clock.breached", "clock.cleared", "supervision", "notification"),
)

POLICY_VERSIONS: Final = Topic(
    name="policy.versions.v1",
    key="pack",
    writer="routing",
    readers=("intake", "notify"),
    retention=timedelta(days=3650),
    purpose="versions of the policy with their areas and calendars, and from when each is in force",
    partitions=1,
    subjects=("policy",),
)
AUDIT_HEADS: Final = Topic(
    name="audit.heads.v1",
    key="the service",
    writer="intake, routing and notify",
    readers=("auditors",),
    retention=timedelta(days=3650),
    purpose="signed heads of the audit chain of each service",
    partitions=1,
    subjects=("audit",),
)
PARTNERS: Final = Topic(
    name="access.partners.v1",
    key="the partner's name, or the id of a token or key",
    writer="notify",
    readers=("intake", "routing"),
    retention=timedelta(days=3650),
    purpose="what each partner may do, which tokens count no more, and by which keys tokens are checked",
    partitions=1,
    subjects=("partner", "token", "signing_key"),
)

PARTNER_SUBMISSIONS: Final = Topic(
    name="partners.{partner}.submissions.v1",
    key="the sender's own id",
    writer=THAT_PARTNER,
    readers=("intake",),
    retention=timedelta(days=7),
    purpose="a matter to register, of a registered township's system: of its own sources and area alone",
    partitions=4,
    body=Submission,
)
PARTNER_REJECTIONS: Final = Topic(
    name="partners.{partner}.rejections.v1",
    key="as on intake.rejections.v1",
    writer="intake",
    readers=(THAT_PARTNER,),
    retention=timedelta(days=30),
    purpose="why submissions of a township's system became no cases: copies with the id of the original",
    partitions=1,
    subjects=("submission",),
)
PARTNER_EVENTS: Final = Topic(
    name="partners.{partner}.events.v1",
    key="case id",
    writer="notify",
    readers=(THAT_PARTNER,),
    retention=timedelta(days=30),
    purpose="what a partner has subscribed to on a topic of its own: CloudEvents in structured mode",
    partitions=4,
)


def _progress(service: str, *readers: str) -> Topic:
    return Topic(
        name=f"{service}.progress.v1",
        key="the service",
        writer=service,
        readers=readers,
        retention=timedelta(days=1),
        purpose=f"up to which moment all that {service} has to say stands on its topics",
        partitions=1,
        segment=timedelta(hours=1),
        subjects=("progress",),
    )


INTAKE_PROGRESS: Final = _progress("intake", "routing", "notify")
ROUTING_PROGRESS: Final = _progress("routing", "intake", "notify")

TOPICS: Final = (
    SUBMISSIONS,
    REJECTIONS,
    CASES,
    REFERRALS,
    OFFICE_REFERRALS,
    OFFICE_FEEDBACK,
    ALERTS,
    POLICY_VERSIONS,
    AUDIT_HEADS,
    PARTNERS,
    PARTNER_SUBMISSIONS,
    PARTNER_REJECTIONS,
    PARTNER_EVENTS,
    INTAKE_PROGRESS,
    ROUTING_PROGRESS,
)
PROGRESS: Final = {"intake": INTAKE_PROGRESS, "routing": ROUTING_PROGRESS}
"""The topic on which each service that owns clocks says how far it has come."""

FEEDBACK_PATTERN: Final = rf"^departments\.{OFFICE}\.feedback\.v1$"


def feedback_office(topic: str) -> str:
    """The office that alone may write to a feedback topic: Kafka records don't say who wrote them."""
    return topic.removeprefix("departments.").removesuffix(".feedback.v1")


SUBMISSION_PATTERN: Final = r"^partners\.[a-z][a-z0-9-]+\.submissions\.v1$"


def submitting_partner(topic: str) -> str | None:
    """The partner that alone may write to a topic of submissions; `None` of the one that all share."""
    if topic == SUBMISSIONS.name:
        return None
    return topic.removeprefix("partners.").removesuffix(".submissions.v1")


def topic_of(name: str) -> Topic | None:
    """The entry of the registry that a topic's name belongs to."""
    for topic in TOPICS:
        before, _, rest = topic.name.partition("{")
        behind = rest.partition("}")[2]
        if name == topic.name or (not topic.shared and name.startswith(before) and name.endswith(behind)):
            return topic
    return None


HOME: Final = {"intake": CASES, "routing": REFERRALS, "notify": ALERTS}
"""The topic on which each service says what it did."""
