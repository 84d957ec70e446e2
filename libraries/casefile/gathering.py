"""What a case's file is made of, asked from the services as far as the person who asks may read it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final, Protocol

PURPOSE: Final = "archiving"
"""Of opening the applicant; a code of the policy."""
Params = Mapping[str, str | int | None]


class Asks(Protocol):
    """A person's calls. Raises where the service says no, with `status` of the refusal told by `refused`."""

    async def value(self, service: str, path: str, params: Params) -> Any: ...

    async def content(self, service: str, path: str, params: Params) -> bytes: ...

    def stream(self, service: str, path: str) -> AsyncIterator[bytes]: ...

    def refused(self, error: Exception) -> int | None:
        """The status, if the error is a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """One office's part in it."""

    view: Mapping[str, Any]
    answers: Sequence[Mapping[str, Any]]
    dates: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """`None` and nothing stand for what this person may not read, or what was erased."""

    case: Mapping[str, Any]
    language: str
    zone: tzinfo
    """By whose clocks moments are told."""
    applicant: Mapping[str, Any] | None
    timeline: Sequence[Mapping[str, Any]]
    dates: bytes | None
    referrals: Sequence[Referral]
    documents: Sequence[tuple[Mapping[str, Any], bytes]]
    attachments: Sequence[Mapping[str, Any]]


async def gather(asks: Asks, key: str, language: str, zone: tzinfo) -> CaseFile:
    """All but what the attachments hold, which is too much to lie in memory. Raises what the first question raises."""
    case = await asks.value("intake", f"/v1/cases/{key}", {})
    own = f"/v1/cases/{case['case_id']}"
    listed = await _if_allowed(asks, "intake", f"{own}/documents") or []
    documents = []
    for one in listed:
        asked = {"format": "pdf", "lang": language}
        paper = await _content(asks, "intake", f"{own}/documents/{one['id']}", asked)
        if paper is not None:
            documents.append((one, paper))
    return CaseFile(
        case=case,
        language=language,
        zone=zone,
        applicant=await _if_allowed(asks, "intake", f"{own}/applicant", {"purpose": PURPOSE}),
        timeline=await _if_allowed(asks, "intake", f"{own}/timeline") or [],
        dates=await _content(asks, "intake", f"{own}/explain", {"format": "html", "lang": language}),
        referrals=[await _referral(asks, one, language) for one in await _referrals(asks, case["case_id"])],
        documents=documents,
        attachments=await _if_allowed(asks, "intake", f"{own}/attachments") or [],
    )


async def _referrals(asks: Asks, case_id: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    cursor: str | None = None
    while True:
        asked: Params = {"case": case_id, "cursor": cursor}
        page = await _if_allowed(asks, "routing", "/v1/referrals", asked) or {"items": []}
        found += page["items"]
        cursor = page.get("next")
        if not cursor:
            return sorted(found, key=lambda one: (one["dispatched_at"], one["referral_id"]))


async def _referral(asks: Asks, view: Mapping[str, Any], language: str) -> Referral:
    own = f"/v1/referrals/{view['referral_id']}"
    return Referral(
        view=view,
        answers=await _if_allowed(asks, "routing", f"{own}/answers") or [],
        dates=await _content(asks, "routing", f"{own}/explain", {"format": "html", "lang": language}),
    )


async def _if_allowed(asks: Asks, service: str, path: str, params: Params | None = None) -> Any:
    try:
        return await asks.value(service, path, params or {})
    except Exception as error:
        if asks.refused(error) in {403, 404, 410}:
            return None
        raise


async def _content(asks: Asks, service: str, path: str, params: Params) -> bytes | None:
    try:
        return await asks.content(service, path, params)
    except Exception as error:
        if asks.refused(error) in {403, 404, 410}:
            return None
        raise
