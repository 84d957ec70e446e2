"""Why a result is not reviewed (复查、复核), and what can be done instead."""

from typing import Final

from contracts.refusals.row import Refusal

REVIEWS: Final = (
    Refusal(
        "no_review",
        409,
        "此类事项没有复查。对结果不满意的，可以在重办期限内申请重办；其他途径请向首问窗口咨询。",
        "A matter of this kind has no review. Who is not satisfied has it opened again while there is time for that, "
        "or asks the window which other way there is.",
    ),
    Refusal(
        "review_exhausted",
        409,
        "复核意见为最终意见，同一事项不再受理（三级终结）。有新的事实的，请作为新的事项登记，并写明原案件编号。",
        "The re-review is the last word: the same matter is not taken on again. Where there are new facts, register a "
        "new matter that names the number of this one.",
    ),
    Refusal(
        "review_asked_elsewhere",
        409,
        "此项复查、复核须由首问窗口提出。请到 {office} 办理。",
        "The window asks for this review, and that is {office}. Let it be asked for there.",
    ),
    Refusal(
        "review_window_over",
        409,
        "申请复查、复核的期限已于 {until} 届满，原意见生效。有新的事实的，请作为新的事项登记，并写明原案件编号。",
        "The time to ask for a review ended at {until}, and the result stands. Where there are new facts, register a "
        "new matter that names the number of this one.",
    ),
    Refusal(
        "no_reviewer",
        409,
        "作出意见的 {office} 没有本系统内的上一级单位。请告知申请人直接向其上一级机关书面申请。",
        "No office of this system stands above {office}, which gave the result. Tell the applicant to ask the next "
        "higher authority in writing.",
    ),
    Refusal(
        "review_stands",
        409,
        "复查、复核意见不由原单位重办。申请人不服的，请在 {until} 前申请下一级复核；没有期限的，即为最终意见。",
        "The result of a review is not done again by the office that gave it. Who does not accept it asks for the next "
        "review until {until}; where there is no such time, it is the last word.",
    ),
    # At offices.
    Refusal(
        "cannot_judge",
        409,
        "复查、复核由作出原意见单位的上一级办理，已经作过处理的单位不得再办。可以填写：{offices}。",
        "A review is judged by an office above the one whose result it is, and never by one that has judged before. "
        "Name one of {offices}.",
    ),
    Refusal(
        "review_goes_on",
        409,
        "复查、复核所针对的事项不能改类。请就原意见作出结论，或者依程序退件。",
        "What is reviewed stays the matter that it was. Judge the result, or ask to return the referral.",
    ),
)
