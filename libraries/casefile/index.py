"""The first page of a case's file: what the case is, what happened, who decided what, and where each paper lies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from contracts.codes import CaseState, ReferralRole, ReferralState
from libraries.casefile.gathering import CaseFile, Referral
from libraries.runtime.web.pages import Page

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("案件档案", "Case file"),
    "number": ("事项编号", "Number"),
    "matter": ("事项", "Matter"),
    "state": ("状态", "State"),
    "place": ("属地", "Place"),
    "window": ("首问窗口", "First-contact window"),
    "received": ("收到时间", "Received"),
    "summary": ("诉求内容", "Summary"),
    "applicant": ("申请人", "Applicant"),
    "name": ("姓名", "Name"),
    "phone": ("联系电话", "Phone"),
    "id_number": ("身份证件号码", "Identity number"),
    "household": ("户编号", "Household"),
    "materials": ("材料", "Materials"),
    "there": ("已收", "handed in"),
    "lacking": ("未收", "missing"),
    "documents": ("文书", "Documents"),
    "attachments": ("附件", "Attachments"),
    "referrals": ("转办与决定", "Referrals and decisions"),
    "dates": ("期限与依据", "Dates and their law"),
    "of_window": ("窗口的期限", "Dates of the window"),
    "story": ("办理过程", "Story"),
    "files": ("文件校验值", "Checksums"),
    "nothing": ("无，或者无权查阅", "None, or not to be read by whoever made this file"),
    "checked": (
        "每个文件的校验值见“SHA256SUMS”；解压后可用“sha256sum -c SHA256SUMS”核对。",
        "The checksum of each file stands in SHA256SUMS; check them with `sha256sum -c SHA256SUMS`.",
    ),
}

PERSON: Final = ("name", "phone", "id_number", "household")


class Filed(NamedTuple):
    """A file of the archive: where it lies, and what it is called in the index."""

    path: str
    name: str


class Index:
    """Writes one language; names that only the other one has stand as they are."""

    def __init__(self, file: CaseFile) -> None:
        self._file = file
        self._place = 1 if file.language == "en" else 0

    def page(
        self, documents: Sequence[Filed], attachments: Sequence[Filed], dates: Sequence[Filed], data: Sequence[Filed]
    ) -> bytes:
        case = self._file.case
        parts = [
            f"<h1>{self._say('title')} {escape(case['number'])}</h1>",
            self._facts(),
            self._section("documents", self._links(documents)),
            self._section("attachments", self._links(attachments)),
            self._section("referrals", self._referrals(self._file.referrals)),
            self._section("dates", self._links(dates)),
            self._section("story", self._story()),
            self._section("files", f"<p>{self._say('checked')}</p>{self._links(data)}"),
        ]
        title = f"{self._say('title')} {case['number']}"
        tag = "en" if self._place else "zh-CN"
        return Page(title=title, main="\n".join(parts)).document(tag).encode()

    def named(self, of: Mapping[str, Any], name: str) -> str:
        order = ("en", "zh") if self._place else ("zh", "en")
        return next((str(of[f"{name}_{one}"]) for one in order if of.get(f"{name}_{one}")), str(of.get(name) or ""))

    def say(self, key: str) -> str:
        return LABELS[key][self._place]

    def _say(self, key: str) -> str:
        return escape(self.say(key))

    def _label(self, code: CaseState | ReferralRole | ReferralState) -> str:
        return code.en if self._place else code.zh

    def _facts(self) -> str:
        case, person = self._file.case, self._file.applicant
        facts = {
            "number": case["number"],
            "matter": self.named(case, "category"),
            "state": self._label(CaseState(case["state"])),
            "place": case["area_zh"],
            "window": self.named(case, "first_contact_office"),
            "received": self._moment(case["received_at"]),
            "summary": case.get("summary") or self.say("nothing"),
        }
        rows = [(self.say(key), value) for key, value in facts.items()]
        if person is None:
            rows.append((self.say("applicant"), self.say("nothing")))
        else:
            rows += [(self.say(key), person[key]) for key in PERSON if person.get(key)]
        for one in case.get("checklist", ()):
            name = one["en" if self._place else "zh"]
            rows.append((self.say("materials"), f"{name}: {self.say('there' if one['handed_in'] else 'lacking')}"))
        return _table(rows)

    def _section(self, key: str, content: str) -> str:
        nothing = f"<p>{self._say('nothing')}</p>"
        return f"<h2>{self._say(key)}</h2>\n{content or nothing}"

    def _links(self, files: Iterable[Filed]) -> str:
        items = "".join(
            f'<li><a href="{escape(_address(one.path))}"><bdi>{escape(one.name)}</bdi></a></li>\n' for one in files
        )
        return f"<ol>\n{items}</ol>" if items else ""

    def _referrals(self, referrals: Iterable[Referral]) -> str:
        return "\n".join(line for one in referrals for line in self._referral(one))

    def _referral(self, one: Referral) -> Iterator[str]:
        view = one.view
        role, state = self._label(ReferralRole(view["role"])), self._label(ReferralState(view["state"]))
        yield f"<h3>{escape(self.named(view, 'office'))} · {role} · {state}</h3>"
        yield f"<p>{self._moment(view['dispatched_at'])}</p>"
        rows = [
            (
                self._moment(each["received_at"]),
                " · ".join(
                    filter(
                        None,
                        (
                            self.named(each, "sender"),
                            self.named(each, "action"),
                            self.named(each, "reason"),
                            each.get("text") or "",
                        ),
                    )
                ),
            )
            for each in one.answers
        ]
        if rows:
            yield _table(rows)

    def _moment(self, value: str) -> str:
        """To the minute."""
        return f"{datetime.fromisoformat(value).astimezone(self._file.zone):%Y-%m-%d %H:%M}"

    def _story(self) -> str:
        rows = []
        for entry in sorted(self._file.timeline, key=lambda entry: datetime.fromisoformat(entry["at"])):
            said = entry.get("en" if self._place else "zh")
            if said:
                who = entry.get("who_en" if self._place else "who_zh")
                rows.append((self._moment(entry["at"]), said + (f" ({who})" if who else "")))
        return _table(rows) if rows else ""


def _table(rows: Iterable[tuple[str, Any]]) -> str:
    lines = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td dir="auto">{escape(str(value))}</td></tr>' for name, value in rows
    )
    return f"<table>\n{lines}\n</table>"


def _address(path: str) -> str:
    return quote(path)
