"""Who may read what of a case: one matrix, by the relation in which a caller stands to it.

A relation belongs to an office and ends with its referral; a role of a token only says which relations it can have.
Whoever stands in several relations reads what any of them gives.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from contracts.codes import Code, ReferralRole
from contracts.documents import DocumentKind


class Relation(Code):
    """How a caller stands to one case."""

    WINDOW = "window", "首问窗口", "First-contact window"
    AREA_WINDOW = "area_window", "属地窗口", "Window of the area"
    LEAD = "lead", "主办单位", "Lead"
    CO_HANDLER = "co_handler", "协办单位", "Co-handler"
    COPY = "copy", "抄送单位", "Copy"
    DECIDER = "decider", "退件审核单位", "Decider on a return"
    ARBITER = "arbiter", "裁定单位", "Arbiter"
    FORMER = "former", "原承办单位", "Former handler"
    CHECKER = "checker", "核对单位", "Office asked for a check"
    FORMER_CHECKER = "former_checker", "原核对单位", "Office once asked for a check"
    COORDINATOR = "coordinator", "属地统筹", "Coordinator of the area"
    OPS = "ops", "运维", "Operations"
    ASSISTANT = "assistant", "村级代办员", "Village assistant"
    AUDITOR = "auditor", "审计", "Auditor of the area"
    APPLICANT = "applicant", "申请人", "Applicant"
    STRANGER = "stranger", "无关人员", "Stranger"


class Part(Code):
    """What can be read of a case, each through doors of its own."""

    STATE = "state", "状态与主办", "State, dates and who has it"
    SUMMARY = "summary", "诉求内容", "Summary"
    ATTRIBUTES = "attributes", "事项要素", "Attributes"
    MATERIALS = "materials", "材料清单", "Materials"
    ATTACHMENTS = "attachments", "附件", "Attachments"
    APPLICANT = "applicant", "申请人信息", "Applicant"
    OWN_REFERRAL = "own_referral", "本单位转办件", "Own referral"
    REFERRALS = "referrals", "其他单位转办件", "Other offices' referrals"
    OWN_ANSWERS = "own_answers", "本单位反馈", "Own answers"
    CO_ANSWERS = "co_answers", "协办单位反馈", "Answers of co-handlers"
    LEAD_ANSWERS = "lead_answers", "主办单位反馈", "Answers of leads, present and former"
    CHECK_ANSWERS = "check_answers", "核对内容与结果", "Questions and answers of information checks"
    STORY = "story", "办理过程与时限", "Story, clocks and time"
    READS = "reads", "查阅记录", "Who read it"


class Access(Code):
    """What the matrix says of one part for one relation."""

    DENIED = "denied", "不可", "No"
    ON_RECORD = "on_record", "说明用途、留痕可阅", "On record, with a purpose"
    ALLOWED = "allowed", "可阅", "Yes"


OF_OFFICES: Final = """
               window  area_window  lead    co_handler  copy    decider  arbiter  former  coordinator
state          yes     yes          yes     yes         yes     yes      yes      yes     yes
summary        yes     no           yes     yes         yes     yes      yes      no      yes
attributes     yes     no           yes     yes         yes     yes      yes      no      yes
materials      yes     no           yes     yes         yes     yes      yes      no      yes
attachments    yes     no           yes     yes         yes     yes      yes      no      yes
applicant      record  no           record  record      record  record   record   no      record
own_referral   no      no           yes     yes         yes     no       no       yes     no
referrals      yes     yes          yes     no          no      yes      yes      no      yes
own_answers    no      no           yes     yes         yes     no       no       yes     no
co_answers     yes     no           yes     no          no      yes      yes      no      yes
lead_answers   yes     no           yes     no          no      yes      yes      no      yes
check_answers  yes     no           yes     no          no      no       no       no      no
story          yes     yes          yes     no          no      yes      yes      no      yes
reads          no      no           no      no          no      no       no       no      yes
"""
OF_OTHERS: Final = """
               checker  former_checker  ops  assistant  auditor  applicant  stranger
state          no       no              yes  yes        yes      yes        no
summary        no       no              no   no         no       no         no
attributes     no       no              no   no         no       no         no
materials      no       no              no   yes        no       yes        no
attachments    no       no              no   no         no       no         no
applicant      record   no              no   no         no       no         no
own_referral   yes      yes             no   no         no       no         no
referrals      no       no              yes  yes        yes      yes        no
own_answers    yes      yes             no   no         no       no         no
co_answers     no       no              no   no         no       no         no
lead_answers   no       no              no   no         no       no         no
check_answers  no       no              no   no         no       no         no
story          no       no              yes  yes        no       yes        no
reads          no       no              no   no         yes      no         no
"""
"""`record`: whoever opens it names a purpose of the policy, and stands on record with it before the answer leaves.
`own_…` speaks of an office's own referral, so only an office that has or had one has it."""

_WORDS: Final = {"yes": Access.ALLOWED, "record": Access.ON_RECORD, "no": Access.DENIED}


def _read(grid: str) -> dict[Relation, Mapping[Part, Access]]:
    head, *rows = (line.split() for line in grid.strip().splitlines())
    cells = {Part(name): [_WORDS[word] for word in words] for name, *words in rows}
    columns = [Relation(name) for name in head]
    return {
        relation: MappingProxyType({part: found[place] for part, found in cells.items()})
        for place, relation in enumerate(columns)
    }


MATRIX: Final = MappingProxyType(_read(OF_OFFICES) | _read(OF_OTHERS))
_ORDER: Final = tuple(Access)


def access(relations: Iterable[Relation], part: Part) -> Access:
    """The most that any of the relations gives; nothing for whoever has none."""
    return max((MATRIX[one][part] for one in relations), key=_ORDER.index, default=Access.DENIED)


def readable(relations: Iterable[Relation]) -> dict[Part, Access]:
    """What the relations give together, without what they deny."""
    known = frozenset(relations)
    found = {part: access(known, part) for part in Part}
    return {part: given for part, given in found.items() if given is not Access.DENIED}


PARTS: Final[Mapping[DocumentKind, Part]] = MappingProxyType(
    {
        DocumentKind.RECEIPT: Part.STATE,
        DocumentKind.NOTICE: Part.MATERIALS,
        DocumentKind.DECLINE: Part.STORY,
        DocumentKind.CHECK_CONSENT: Part.STORY,
        DocumentKind.REFERRAL_LETTER: Part.REFERRALS,
        DocumentKind.SUPERVISION_LETTER: Part.STORY,
        DocumentKind.EXTENSION: Part.STORY,
        DocumentKind.RESULT: Part.STATE,
    }
)
"""Which part of the case a document speaks of; whoever may read the part may read it."""

ATTACHES: Final = frozenset(
    {Relation.WINDOW, Relation.LEAD, Relation.CO_HANDLER, Relation.COORDINATOR, Relation.ASSISTANT}
)
"""Who may attach files."""

OF_ROLE: Final[Mapping[ReferralRole, Relation]] = MappingProxyType(
    {
        ReferralRole.LEAD: Relation.LEAD,
        ReferralRole.CO: Relation.CO_HANDLER,
        ReferralRole.INFO: Relation.COPY,
        ReferralRole.CHECK: Relation.CHECKER,
    }
)
"""What a live referral makes of its office."""
AFTERWARDS: Final = MappingProxyType({Relation.CHECKER: Relation.FORMER_CHECKER})
"""What an office is when its referral is over; `former` where nothing else stands here."""

ANSWERS_OF: Final[Mapping[ReferralRole, Part]] = MappingProxyType(
    {
        ReferralRole.LEAD: Part.LEAD_ANSWERS,
        ReferralRole.CO: Part.CO_ANSWERS,
        ReferralRole.INFO: Part.CO_ANSWERS,
        ReferralRole.CHECK: Part.CHECK_ANSWERS,
    }
)
"""Which part the answers of another office's referral are."""


class Lasts(NamedTuple):
    """Who stands in a relation, and how long."""

    zh: str
    en: str


LASTS: Final[Mapping[Relation, Lasts]] = MappingProxyType(
    {
        Relation.WINDOW: Lasts(
            "登记该事项的窗口；不因转办而终止（首问首办）。未限定单位的窗口账号代表其区域内各窗口。",
            "The window that registered the case, for good (首问首办). A window's token without an office speaks for"
            " the windows of its area.",
        ),
        Relation.AREA_WINDOW: Lasts(
            "事项所在区域内的其他窗口。",
            "Another window within whose area the matter lies, or the window that took it.",
        ),
        Relation.LEAD: Lasts(
            "自派单起，至办结、退回、撤销或事项终结止；重办时恢复。",
            "From dispatch until it is finished, returned or taken back, or the case is over; again in a new round.",
        ),
        Relation.CO_HANDLER: Lasts("同主办。", "As the lead."),
        Relation.COPY: Lasts("自派单起，至事项办结止。", "From dispatch until the case is resolved."),
        Relation.DECIDER: Lasts(
            "自申请退件起，至作出审核决定止。", "From the request of a return until it is decided."
        ),
        Relation.ARBITER: Lasts("自再次退件起，至作出裁定止。", "From the second return until it is arbitrated."),
        Relation.FORMER: Lasts(
            "曾经主办、协办、收到抄送或审核退件的单位。",
            "An office that had a referral or decided on one, and does no more.",
        ),
        Relation.CHECKER: Lasts(
            "自收到核对请求起，至答复、无法核对、授权撤回或事项办结止。只见核对目的、问题和核对对象，不见事项其他内容。",
            "From the question until it is answered, or the consent is withdrawn, or the case is over. It sees the"
            " question, its purpose and whom it is about, and nothing else of the case.",
        ),
        Relation.FORMER_CHECKER: Lasts(
            "曾经收到核对请求的单位；只见本单位核对件和答复。",
            "An office that was asked once: it sees its own answer, and no applicant any more.",
        ),
        Relation.COORDINATOR: Lasts(
            "事项或其首问窗口所在区域的统筹人员。", "A coordinator of the area of the matter or of its window."
        ),
        Relation.OPS: Lasts("系统运行维护人员。", "Whoever runs the installation; in an area if the token has one."),
        Relation.ASSISTANT: Lasts(
            "事项所在村（社区）的代办员。", "The assistant of the village or community where the matter lies."
        ),
        Relation.AUDITOR: Lasts(
            "事项或其首问窗口所在区域的审计人员和管理员。",
            "An auditor or administrator of the area of the matter or of its window.",
        ),
        Relation.APPLICANT: Lasts(
            "凭回执上的编号和查询码查询的申请人；只限该事项，页面上没有任何人的姓名。",
            "The applicant, who has the number and the code of the receipt: of this case alone, and nobody's name.",
        ),
        Relation.STRANGER: Lasts(
            "其他任何人；对其而言该事项不存在（404）。", "Anybody else. For them there is no such case (404)."
        ),
    }
)

DOORS: Final[Mapping[Part, tuple[str, ...]]] = MappingProxyType(
    {
        Part.STATE: (
            "intake `GET /v1/cases/{key}`",
            "intake `GET /v1/cases`",
            "receipts and notices of completion of intake `GET /v1/cases/{key}/documents`",
        ),
        Part.SUMMARY: ("`summary` of intake `GET /v1/cases/{key}`",),
        Part.ATTRIBUTES: ("`attributes` of intake `GET /v1/cases/{key}`",),
        Part.MATERIALS: (
            "`materials`, `missing` and `checklist` of intake `GET /v1/cases/{key}`",
            "one-time notices of intake `GET /v1/cases/{key}/documents`",
            "intake `GET /v1/cases/{key}/take-overs`; for who may attach, too, `…/on-file`",
        ),
        Part.ATTACHMENTS: ("intake `GET /v1/cases/{key}/attachments`, `…/{id}`, `…/{id}/thumbnail`",),
        Part.APPLICANT: ("intake `GET /v1/cases/{key}/applicant?purpose=CODE`",),
        Part.OWN_REFERRAL: (
            "routing `GET /v1/referrals/{id}`, `…/explain`, `GET /v1/referrals`",
            "letters to the own office of intake `GET /v1/cases/{key}/documents`",
        ),
        Part.REFERRALS: (
            "routing `GET /v1/referrals/{id}`, `…/explain`, `GET /v1/referrals?case=`",
            "`waiting` of intake `GET /v1/cases/{key}`",
            "referral letters of intake `GET /v1/cases/{key}/documents`",
        ),
        Part.OWN_ANSWERS: ("routing `GET /v1/referrals/{id}/answers`",),
        Part.CO_ANSWERS: ("routing `GET /v1/referrals/{id}/answers`",),
        Part.LEAD_ANSWERS: ("routing `GET /v1/referrals/{id}/answers`",),
        Part.CHECK_ANSWERS: ("routing `GET /v1/referrals/{id}/answers`, `…/question`",),
        Part.STORY: (
            "intake `GET /v1/cases/{key}/timeline`, `…/clocks`, `…/explain`, `…/time`",
            "notices of non-acceptance and of extension, supervision letters of intake `GET /v1/cases/{key}/documents`",
        ),
        Part.READS: (
            "intake `GET /v1/cases/{key}/reads`",
            "intake `GET /v1/reads`",
            "routing `GET /v1/referrals/{id}/reads`",
        ),
    }
)
"""`{key}` is a case's id or number."""
