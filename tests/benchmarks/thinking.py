"""What one core can decide, count and decode in a second, without any engine."""

import json
from typing import Any

import msgspec

from contracts.cloudevents import decode
from contracts.codes import ClockKind
from contracts.events.cases import CaseAccepted
from libraries.deadlines import due, explain
from libraries.ids import new_id
from libraries.policies import load_policy
from libraries.policies.decision import decide
from services.routing.domain.dispatching import dispatch
from services.routing.domain.timing import Context
from services.routing.translate import to_request
from tests.benchmarks.ground import NOW, PACK, Ground, accepted, head, rate


async def measure(ground: Ground) -> dict[str, Any]:
    policy = load_policy(PACK)
    number = 5_000 if ground.quick else 20_000
    events = accepted(policy, number)
    matters = [to_request(event) for event in events]
    context = Context(policy=policy, make_id=new_id)
    limits = {matter.category: policy.limit(ClockKind.HANDLING, matter.category) for matter in matters}
    values = [(dict(head(event)), msgspec.json.encode(event)) for event in events]
    bare = msgspec.json.Decoder(CaseAccepted)

    def decisions() -> None:
        for matter in matters:
            decide(matter, policy)

    def dispatches() -> None:
        for matter in matters:
            dispatch(matter, NOW, context)

    def dates() -> None:
        for matter in matters:
            row = limits[matter.category]
            due(NOW, row.limit, calendar=policy.calendar, rules=row.rules)

    def explanations() -> None:
        for matter in matters[: number // 10]:
            row = limits[matter.category]
            explain(NOW, row.limit, calendar=policy.calendar, rules=row.rules)

    raw = rate(lambda: [bare.decode(value) for _, value in values], number)
    whole = rate(lambda: [decode(headers, value) for headers, value in values], number)
    plain = rate(lambda: [json.loads(value) for _, value in values], number)
    return {
        "decisions_per_second": round(rate(decisions, number)),
        "decisions_with_referral_and_all_dates_per_second": round(rate(dispatches, number)),
        "due_dates_per_second": round(rate(dates, number)),
        "explanations_per_second": round(rate(explanations, number // 10)),
        "decode_bare_per_second": round(raw),
        "decode_cloudevent_per_second": round(whole),
        "decode_cloudevent_ratio_to_bare": round(whole / raw, 2),
        "decode_json_module_per_second": round(plain),
    }
