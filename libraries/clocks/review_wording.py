"""What a review of a result is and came to, in words."""

from contracts.events import CaseBound
from contracts.events import cases as c
from libraries.clocks.matter_wording import Words, matter_of
from libraries.policies.model import Policy


def of_reviews(event: CaseBound, policy: Policy) -> Words | None:
    """Chinese and English; `None` for all other events."""
    match event:
        case c.CaseReviewRequested(category=category, round=number):
            zh, en = matter_of(policy, category)
            return f"申请人不服处理意见，第 {number} 轮：{zh}", f"the result is not accepted, round {number}: {en}"
        case c.CaseResolved(result=result) if result is not None:
            return f"作出结论：{result.zh}，待告知和回访", f"judged: {result.en.lower()}, callback due"
        case _:
            return None
