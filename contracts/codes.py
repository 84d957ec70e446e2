"""Closed sets that events and HTTP bodies speak in, each member with its Chinese and English label.

Categories, offices and reasons are not here: they are policy and change without a new contract.
"""

from enum import StrEnum
from typing import Final, Self


class Code(StrEnum):
    """A member's value goes over the wire; `zh` and `en` are what people read."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str = "", en: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        member.en = en
        return member

    def label(self, language: str = "zh") -> str:
        return self.en if language == "en" else self.zh


class Field(Code):
    """The six referral fields and the window's own civil-affairs matters."""

    EDUCATION = "education", "教育", "Education"
    HEALTH = "health", "卫健", "Health"
    SOCIAL_SECURITY = "social_security", "社保", "Social security"
    HOUSING = "housing", "住房", "Housing"
    EMPLOYMENT = "employment", "就业", "Employment"
    PETITION = "petition", "信访", "Petition"
    CIVIL_AFFAIRS = "civil_affairs", "民政", "Civil affairs"


class AreaLevel(Code):
    """Levels of the four-level network and the province above it."""

    PROVINCE = "province", "省", "Province"
    CITY = "city", "市", "City"
    COUNTY = "county", "县（区）", "County or district"
    TOWNSHIP = "township", "乡镇（街道）", "Township or subdistrict"
    VILLAGE = "village", "村（社区）", "Village or community"


WIDE: Final = frozenset({AreaLevel.PROVINCE, AreaLevel.CITY})
"""Above the county: what an address leaves out."""


class SubmissionChannel(Code):
    """How a matter reached the window."""

    WINDOW = "window", "窗口", "Window"
    VILLAGE_AGENT = "village_agent", "村（社区）代办", "Village assistant"
    PHONE = "phone", "电话", "Telephone"
    ONLINE = "online", "网上", "Online"
    HOTLINE = "hotline", "热线转入", "Hotline"
    SYSTEM = "system", "系统对接", "Partner system"


class Role(Code):
    """What somebody acts as; a token says it."""

    TOWNSHIP = "township", "乡镇系统", "Township system"
    CLERK = "clerk", "窗口人员", "Clerk"
    OFFICER = "officer", "承办人员", "Officer"
    HEAD = "head", "单位负责人", "Head of an office"
    COORDINATOR = "coordinator", "协调员", "Coordinator"
    OPS = "ops", "运维人员", "Operator"
    ASSISTANT = "assistant", "村级代办员", "Village assistant"
    ADMINISTRATOR = "administrator", "管理员", "Administrator"
    AUDITOR = "auditor", "审计人员", "Auditor"
    APPLICANT = "applicant", "申请人", "Applicant"
    LINK = "link", "受托单位", "Office by link"


OF_AN_OFFICE: Final = frozenset({Role.OFFICER, Role.HEAD})
"""Who speaks for one office, and sees what is its own."""


class Consent(Code):
    """How somebody agreed that another hands it in for them (代办), learns of it (转介), or is asked of them (核对)."""

    IN_PERSON = "in_person", "当面同意", "Agreed in person"
    WRITTEN = "written", "书面委托", "In writing"
    BY_PHONE = "by_phone", "电话同意", "Agreed by telephone"


class MaterialStatus(Code):
    """Whether a case has a material that it needs."""

    HERE = "here", "已提交", "Handed in"
    ON_FILE = "on_file", "已存档，可沿用", "On file, can be taken over"
    MISSING = "missing", "未提交", "Missing"


class Door(Code):
    """By which way an act came to us."""

    HTTP = "http", "接口", "HTTP"
    KAFKA = "kafka", "消息", "Kafka"
    CONSOLE = "console", "命令行", "Command line"
    RULES = "rules", "按规则", "By the rules"


class CaseState(Code):
    """States of a case; the legal moves stand in intake's domain."""

    REGISTERED = "registered", "已登记", "Registered"
    AWAITING_SUPPLEMENT = "awaiting_supplement", "待补正", "Awaiting supplement"
    ACCEPTED = "accepted", "已受理", "Accepted"
    NOT_ACCEPTED = "not_accepted", "不予受理", "Not accepted"
    IN_PROGRESS = "in_progress", "办理中", "In progress"
    SUSPENDED = "suspended", "中止", "Suspended"
    RESOLVED = "resolved", "已办结（待回访）", "Resolved, callback due"
    CLOSED = "closed", "已结案", "Closed"
    MERGED = "merged", "并案", "Merged"
    WITHDRAWN = "withdrawn", "撤回", "Withdrawn"
    TERMINATED = "terminated", "终止", "Terminated"
    ARCHIVED = "archived", "归档", "Archived"


class ReferralState(Code):
    """States of a referral; the legal moves stand in routing's domain."""

    DISPATCHED = "dispatched", "已派单", "Dispatched"
    SIGNED = "signed", "已签收", "Signed for"
    ACCEPTED = "accepted", "已接收", "Accepted"
    IN_PROGRESS = "in_progress", "办理中", "In progress"
    ON_HOLD = "on_hold", "暂停", "On hold"
    RETURN_REQUESTED = "return_requested", "申请退件", "Return requested"
    RETURNED = "returned", "已退件", "Returned"
    COMPLETED = "completed", "已办结", "Completed"
    FAILED = "failed", "无法办理", "Failed"
    CANCELLED = "cancelled", "已撤销", "Cancelled"


class ReferralRole(Code):
    LEAD = "lead", "主办", "Lead"
    CO = "co", "协办", "Co-handler"
    INFO = "info", "抄送", "Copy"
    CHECK = "check", "核对", "Information check"


class ClockKind(Code):
    """What a legal clock measures."""

    ACCEPTANCE = "acceptance", "受理时限", "Acceptance"
    SUPPLEMENT_NOTICE = "supplement_notice", "补正告知时限", "Notice of missing material"
    SUPPLEMENT = "supplement", "补正时限", "Time to hand in material"
    DISPATCH = "dispatch", "转办时限", "Dispatch"
    SIGNING = "signing", "签收时限", "Signing"
    RETURN_WINDOW = "return_window", "退件时限", "Return window"
    CLASSIFICATION = "classification", "归类时限", "Classification"
    HANDLING = "handling", "办理时限", "Handling"
    CO_HANDLING = "co_handling", "协办时限", "Co-handling"
    PETITION_OBJECTION = "petition_objection", "信访异议时限", "Petition objection"
    RETURN_DECISION = "return_decision", "退件审核时限", "Decision on a return"
    EXTENSION_DECISION = "extension_decision", "延期审批时限", "Decision on an extension"
    HOLD_REVIEW = "hold_review", "暂停核查时限", "Review of a hold"
    UNMATCHED = "unmatched", "无主事项处置时限", "Unmatched"
    CHECK = "check", "核对时限", "Information check"
    REWORK = "rework", "重办时限", "Rework"
    CALLBACK = "callback", "回访时限", "Callback"
    REVIEW_REQUEST = "review_request", "申请复查期限", "Time to ask for review"
    REVIEW = "review", "复查时限", "Review"
    RE_REVIEW_REQUEST = "re_review_request", "申请复核期限", "Time to ask for re-review"
    RE_REVIEW = "re_review", "复核时限", "Re-review"
    RETENTION = "retention", "保管期限", "Retention"


LEAD_WORK: Final = frozenset(
    {ClockKind.HANDLING, ClockKind.REVIEW, ClockKind.RE_REVIEW, ClockKind.REWORK, ClockKind.CLASSIFICATION}
)
"""The time that the lead has for the work itself, whatever it is called; saying which matter it is is work too."""
WORK: Final = LEAD_WORK | {ClockKind.CO_HANDLING}
"""Clocks by which an office's work is judged."""
RETURN_RIGHTS: Final = frozenset({ClockKind.RETURN_WINDOW, ClockKind.PETITION_OBJECTION})
"""While one of them runs, an office may ask to return its referral."""
DECISIONS: Final = frozenset({ClockKind.RETURN_DECISION, ClockKind.EXTENSION_DECISION})
"""While one of them runs, its office has to decide on what another asked for."""
WINDOWS: Final = RETURN_RIGHTS | {ClockKind.REVIEW_REQUEST, ClockKind.RE_REVIEW_REQUEST, ClockKind.RETENTION}
"""Time in which somebody may do something, or must keep it. When it ends nobody has failed."""

WAITS: Final = frozenset({ClockKind.SUPPLEMENT, ClockKind.HOLD_REVIEW})
"""They run while a case waits, and watch that it does not wait for ever: nothing stops them."""


class ClockStatus(Code):
    RUNNING = "running", "计时中", "Running"
    PAUSED = "paused", "暂停计时", "Paused"
    MET = "met", "按时完成", "Met"
    DUE_SOON = "due_soon", "即将到期", "Due soon"
    BREACHED = "breached", "超期", "Breached"
    CANCELLED = "cancelled", "取消", "Cancelled"


class Confidence(Code):
    """How well the source of a limit was verified."""

    A = "A", "已核对法条原文", "Statute text read"
    B = "B", "地方官方或二手资料", "Official local or secondary page"
    C = "C", "凭记忆，未核实", "From memory, not verified"
    U = "U", "未知，产品默认值", "Unknown, product default"


class FeedbackAction(Code):
    """What an office can say about its referral."""

    SIGN = "sign", "签收", "Sign for"
    ACCEPT = "accept", "接收承办", "Accept"
    RETURN = "return", "申请退件", "Request return"
    PROGRESS = "progress", "阶段反馈", "Report progress"
    HOLD = "hold", "暂停", "Put on hold"
    RESUME = "resume", "恢复", "Resume"
    EXTEND = "extend", "申请延期", "Ask for an extension"
    COMPLETE = "complete", "办结", "Complete"
    FAIL = "fail", "无法办理", "Cannot be done"
    ADD_CO = "add-co", "增加协办", "Add a co-handler"
    RELEASE_CO = "release-co", "解除协办", "Release a co-handler"
    URGE = "urge", "催办", "Urge a co-handler"
    TRANSFER = "transfer", "移送", "Transfer"
    FORWARD = "forward", "转送", "Forward"
    ASSIGN = "assign", "交办", "Assign"
    REFER_OUT = "refer-out", "转介", "Refer out"
    REQUEST_CHECK = "request-check", "请求核对", "Ask for a check"
    CLASSIFY = "classify", "归类", "Classify"


OF_LEADS: Final = frozenset(
    {
        FeedbackAction.ADD_CO,
        FeedbackAction.RELEASE_CO,
        FeedbackAction.URGE,
        FeedbackAction.TRANSFER,
        FeedbackAction.FORWARD,
        FeedbackAction.ASSIGN,
        FeedbackAction.REFER_OUT,
        FeedbackAction.REQUEST_CHECK,
    }
)
"""What the lead alone does, with another office: `attributes.office` names it."""


class Sending(Code):
    """As what a referral was sent: who owes whom an answer."""

    DISPATCH = "dispatch", "派单", "Dispatched"
    ADD_CO = "add-co", "增加协办", "Added"
    TRANSFER = "transfer", "移送", "Transferred"
    FORWARD = "forward", "转送", "Forwarded"
    ASSIGN = "assign", "交办", "Assigned"
    REFER_OUT = "refer-out", "转介", "Referred out"
    REQUEST_CHECK = "request-check", "请求核对", "Asked for a check"


class FeedbackOutcome(Code):
    APPLIED = "applied", "已生效", "Applied"
    REPEATED = "repeated", "重复", "Repeated"
    REFUSED = "refused", "未采纳", "Refused"
    PARKED = "parked", "待人工处理", "Set aside for a person to look at"
    DROPPED = "dropped", "已放弃处理", "Given up"


class Doubt(Code):
    """Why a breach was said before everything was known: what came in time may still turn up, and takes it back."""

    ANSWER = "answer", "有及时送达的答复尚未处理", "An answer that came in time is not settled"
    WRITER = (
        "writer",
        "相关系统停滞，是否已按时办理尚不清楚",
        "A service stands still that could say that it was in time",
    )


class TimeKind(Code):
    """Whose time a piece of a case's life is."""

    USED = "used", "用时", "Used"
    PAUSED = "paused", "依法暂停", "Paused by law"
    WAITING = "waiting", "等待", "Waiting for others"


class CaseStep(Code):
    """What a case goes through while somebody holds it."""

    ACCEPTANCE = "acceptance", "受理审查", "Acceptance"
    SUPPLEMENT = "supplement", "等待补正", "Waiting for material"
    DISPATCH = "dispatch", "派单", "Dispatch"
    UNSIGNED = "unsigned", "待签收", "Not signed for"
    HANDLING = "handling", "办理", "Handling"
    ON_HOLD = "on_hold", "暂停", "On hold"
    RETURN_DECISION = "return_decision", "退件审核", "Decision on a return"
    CALLBACK = "callback", "回访", "Callback"
    OVER = "over", "已结束", "Over"


class SupervisionLevel(Code):
    NONE = "none", "无", "None"
    WARNED = "warned", "预警", "Warned"
    REMINDED = "reminded", "到期提醒", "Reminded"
    URGED = "urged", "催办", "Urged"
    SUPERVISED = "supervised", "督办", "Supervised"
    LISTED = "listed", "挂牌督办", "Listed supervision"


class DeliveryChannel(Code):
    """By which way somebody hears: a subscriber by webhook, people by the others."""

    WEBHOOK = "webhook", "网络回调", "Webhook"
    KAFKA = "kafka", "专用主题", "Topic of its own"
    EMAIL = "email", "电子邮件", "E-mail"
    SMS = "sms", "短信", "Text message"


MESSAGE_CHANNELS: Final = (DeliveryChannel.EMAIL, DeliveryChannel.SMS)  # by which people are written to


class Audience(Code):
    """Who is written to."""

    APPLICANT = "applicant", "申请人", "Applicant"
    OFFICE = "office", "单位", "Office"


class SubscriptionState(Code):
    ACTIVE = "active", "启用", "Active"
    PAUSED = "paused", "暂停投递", "Paused"
    DISABLED = "disabled", "停用", "Disabled"


class DeliveryState(Code):
    """What has become of one event for one subscriber."""

    WAITING = "waiting", "待投递", "Waiting"
    DELIVERED = "delivered", "已投递", "Delivered"
    FAILED = "failed", "投递失败", "Given up"
    SUPPRESSED = "suppressed", "不予发送", "Not sent"


class AttemptResult(Code):
    """How one attempt to deliver went."""

    DELIVERED = "delivered", "成功", "Delivered"
    REFUSED = "refused", "对方未接受", "Answered with an error"
    GONE = "gone", "对方不再接收（410）", "Gone (410)"
    REDIRECTED = "redirected", "对方要求转向，未予跟随", "Redirected, and not followed"
    TIMED_OUT = "timed_out", "超时", "Timed out"
    NO_CONNECTION = "no_connection", "无法连接", "No connection"
    NOT_ALLOWED = "not_allowed", "目标地址不允许", "Address not allowed"
    REJECTED = "rejected", "对方服务器拒收此收件人", "Recipient refused for good"
    NO_ADDRESS = "no_address", "没有可用的地址或者号码", "No address"
    OPTED_OUT = "opted_out", "申请人不接收消息", "Wants no messages"
    ERASED = "erased", "个人信息已删除", "Personal data erased"
    QUIET_HOURS = "quiet_hours", "免打扰时段，延后发送", "Put off for quiet hours"
    NOT_READ = "not_read", "暂时读不到申请人信息", "Applicant could not be read"


class Figure(Code):
    """By what offices are judged; what each means stands in `services/notify/domain/figures.py`."""

    DISPATCH_ACCURACY = "dispatch_accuracy", "派单准确率", "Dispatch accuracy"
    RETURN_RATE = "return_rate", "退件率", "Return rate"
    SENDINGS = "sendings", "平均流转次数", "Average sendings"
    SIGNED_IN_TIME = "signed_in_time", "签收及时率", "Signed in time"
    ENDED_IN_TIME = "ended_in_time", "按时办结率", "Ended in time"
    DONE_AT_ONCE = "done_at_once", "一次办结率", "Done at the first attempt"
    EXTENSION_RATE = "extension_rate", "延期率", "Extension rate"
    REWORK_RATE = "rework_rate", "重办率", "Rework rate"
    RESPONSE_RATE = "response_rate", "响应率", "Response rate"
    RESOLUTION_RATE = "resolution_rate", "解决率", "Resolution rate"
    SATISFACTION_RATE = "satisfaction_rate", "满意率", "Satisfaction rate"


class Exclusion(Code):
    """Why something is not counted in a figure."""

    COPY = "copy", "抄送件，不要求办理", "A copy: nothing is to be done"
    CHECK = "check", "核对件，不办理事项本身", "An information check: one question, and not the matter itself"
    CHOSEN_BY_LEAD = "chosen_by_lead", "由主办单位转出，不是派单", "Sent on by the lead, not dispatched"
    LATER_ROUND = "later_round", "重办、复查或者复核的轮次", "A later round: a rework or a review"
    WITHDRAWN = "withdrawn", "事项撤回或者终止", "The case was withdrawn or terminated"
    MERGED = "merged", "并入其他事项", "The case was merged into another"
    WRONG_OFFICE = "wrong_office", "派错单位，已退件或者改派", "Sent to the wrong office: returned or reassigned"
    TAKEN_BACK = "taken_back", "派出单位撤回", "Taken back by its sender"
    RETURN_PENDING = "return_pending", "退件申请待审核", "A return is not decided yet"
    NOT_TAKEN_YET = "not_taken_yet", "尚未接收", "Not taken yet"
    NO_LIMIT = "no_limit", "没有时限", "Has no limit"
    CAME_LATE = "came_late", "收到时已经超期", "Was late when it came"
    ON_HOLD = "on_hold", "依法暂停计时", "Its time stands still"
    OPEN_IN_TIME = "open_in_time", "尚在时限内", "Open, within its time"
    FAILED = "failed", "无法办理", "Could not be done"
    CONSULTATION = "consultation", "咨询类，当场答复", "A consultation, answered at once"
    NEVER_SENT = "never_sent", "未派单", "Was never sent"
    CALLBACK_OPEN = "callback_open", "尚未回访", "The applicant was not called back yet"
    NOT_ASKED = "not_asked", "未取得评价", "The applicant gave no opinion"
