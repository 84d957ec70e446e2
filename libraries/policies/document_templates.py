"""Templates of what a window hands out: a title, facts of the record in a table, paragraphs with {places} for facts.

A template is data and runs nothing: a place is the name of a fact in braces, and there is nothing else to write.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from contracts.documents import DocumentKind

Labels = Mapping[str, tuple[str, str]]
"""By fact, in Chinese and English."""

OF_ALL: Final[Labels] = MappingProxyType(
    {
        "document": ("文书编号", "Document"),
        "number": ("事项编号", "Case"),
        "issued": ("出具时间", "Issued"),
        "matter": ("事项", "Matter"),
        "address": ("属地", "Place"),
        "received": ("收件时间", "Received"),
        "window": ("首问窗口", "First-contact window"),
    }
)
ANSWER: Final[Labels] = MappingProxyType(
    {
        "office": ("下一步承办单位", "Answers next"),
        "step": ("下一步", "Next step"),
        "until": ("办理期限", "Until"),
        "limit": ("时限", "Time limit"),
        "law": ("依据", "Under"),
    }
)
MISSING: Final[Labels] = MappingProxyType({"missing": ("需补正的材料", "Missing material")})
DECLINED: Final[Labels] = MappingProxyType({"reason": ("不予受理的理由", "Reason"), "go_to": ("可向其提出", "Turn to")})
CONSENTED: Final[Labels] = MappingProxyType(
    {"purpose": ("核对目的", "Purpose of the check"), "agreed": ("授权方式", "Agreed")}
)
LETTER: Final[Labels] = MappingProxyType(
    {
        "to": ("承办单位", "To"),
        "part": ("承办方式", "Part"),
        "referral": ("转办编号", "Referral"),
        "sent": ("转办时间", "Sent"),
        "until": ("办理期限", "Until"),
        "limit": ("时限", "Time limit"),
        "law": ("依据", "Under"),
    }
)
SUPERVISED: Final[Labels] = MappingProxyType(
    {
        "to": ("被督办单位", "To"),
        "level": ("督办级别", "Level"),
        "step": ("督办环节", "About"),
        "due": ("原定期限", "Was due"),
        "sent": ("督办时间", "Sent"),
        "copied": ("抄送", "Copied to"),
    }
)
EXTENDED: Final[Labels] = MappingProxyType(
    {
        "before": ("原办理期限", "Until, as it was"),
        "added": ("延长", "Added"),
        "approver": ("批准人", "Approved by"),
        "reason": ("延期理由", "Reason"),
    }
)
CONCLUDED: Final[Labels] = MappingProxyType(
    {
        "handler": ("承办单位", "Handled by"),
        "outcome": ("办理结果", "Outcome"),
        "accepted": ("受理时间", "Accepted"),
        "finished": ("办结时间", "Completed"),
        "reopen": ("可申请重新办理至", "May be opened again until"),
    }
)
FACTS: Final[Mapping[DocumentKind, Labels]] = MappingProxyType(
    {
        DocumentKind.RECEIPT: MappingProxyType({**OF_ALL, **ANSWER}),
        DocumentKind.NOTICE: MappingProxyType({**OF_ALL, **ANSWER, **MISSING}),
        DocumentKind.DECLINE: MappingProxyType({**OF_ALL, **DECLINED}),
        DocumentKind.CHECK_CONSENT: MappingProxyType({**OF_ALL, **CONSENTED}),
        DocumentKind.REFERRAL_LETTER: MappingProxyType({**OF_ALL, **LETTER}),
        DocumentKind.SUPERVISION_LETTER: MappingProxyType({**OF_ALL, **SUPERVISED}),
        DocumentKind.EXTENSION: MappingProxyType({**OF_ALL, **ANSWER, **EXTENDED}),
        DocumentKind.RESULT: MappingProxyType({**OF_ALL, **CONCLUDED}),
    }
)
"""What a document of a kind can show."""
LABELS: Final[Labels] = MappingProxyType({name: words for facts in FACTS.values() for name, words in facts.items()})
PLACE: Final = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTemplate:
    """One kind of document in the words of a place."""

    kind: DocumentKind
    zh: str
    en: str
    """Empty where the pack has it in Chinese only."""
    shows: tuple[str, ...]
    """Facts of the table, in this order."""
    text_zh: tuple[str, ...]
    text_en: tuple[str, ...]


def text_faults(text: str, known: Labels) -> list[str]:
    """What is wrong with a paragraph: a place that names no fact of the document, or a brace that is none."""
    unknown = [name for name in PLACE.findall(text) if name not in known]
    faults = [f"{{{name}}}: there is no such fact, only {', '.join(known)}" for name in unknown]
    if re.search(r"[{}]", PLACE.sub("", text)):
        faults.append("a brace stands alone: write the name of a fact between { and }")
    return faults


def filled(text: str, facts: Mapping[str, str]) -> str:
    """Each place once, in one go: what a fact says is never read as a place again."""
    return PLACE.sub(lambda found: facts[found[1]], text)
