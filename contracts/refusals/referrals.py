"""Why an act on a referral is not done: an answer of its office, or a decision on it."""

from typing import Final

from contracts.refusals.row import Refusal

REFERRALS: Final = (
    # Answers of offices.
    Refusal(
        "invalid_feedback",
        422,
        "不能作为答复受理，faults 逐项列明。请一并改正后重新提交。",
        "It could not be taken as an answer; `faults` names each fault. Correct them all and send it again.",
    ),
    Refusal(
        "feedback_id_used",
        409,
        "该 feedback_id 已用于另一件答复（{outcome}），本次答复未受理。请改用新的 feedback_id 重新提交。",
        "Another answer came under this `feedback_id` before ({outcome}); nothing changed. Send it under a new id.",
    ),
    Refusal(
        "referral_ended",
        409,
        "此件已经结束，状态为{state}。需要继续办理的，请报首问窗口重办，或者报协调员转交。",
        "The referral is over, it is {state}. If there is more to do, ask the window to reopen the case or the "
        "coordinator to reassign it.",
    ),
    Refusal(
        "check_ended",
        409,
        "此件核对已经结束，状态为{state}，本次答复不予受理，内容未保存。有疑问的，请告知提出核对的单位 {asked_by}。",
        "The check is over, it is {state}: the answer was not taken, and its text was not kept. Ask {asked_by}, which "
        "had asked, if in doubt.",
    ),
    Refusal(
        "consent_needed",
        409,
        "申请人没有授权为此目的（{purpose}）核对，或者已经撤回授权。请由首问窗口 {window} 取得授权后再提出。",
        "No consent of the applicant to a check for this purpose ({purpose}) is on record, or it was withdrawn. Let "
        "the window {window} take it, and ask then.",
    ),
    Refusal(
        "check_open",
        409,
        "该单位的上一次核对尚未答复，应于 {until} 前答复。请待答复后再提出，或者向其他单位提出。",
        "That office has not answered the check before, which is due at {until}. Wait for it, or ask another office.",
    ),
    Refusal(
        "copy_needs_no_answer",
        409,
        "抄送件只需签收。对办理有意见的，请告知主办单位。",
        "A copy can be signed for, and nothing else. Tell the lead what you have to say.",
    ),
    Refusal(
        "only_the_lead_acts",
        409,
        "此项只能由主办单位办理，主办单位为 {lead}。请告知主办单位。",
        "Only the lead does this, and that is {lead}. Tell them what is needed.",
    ),
    Refusal(
        "no_such_co_handler",
        409,
        "该单位不是此件的协办单位。请填写现有协办单位：{offices}。",
        "That office is no co-handler of the case. Name one that is: {offices}.",
    ),
    Refusal(
        "urged_already",
        409,
        "今日已经催办该单位。请于 {until} 之后再次催办，或者报协调员督办。",
        "That office was urged today. Urge it again after {until}, or tell the coordinator.",
    ),
    Refusal(
        "had_it_before",
        409,
        "该单位曾经主办或者退回此件，不能移送。请填写其他单位，或者报 {decider} 决定。",
        "That office had the case before, or returned it. Name another one, or leave it to {decider} to decide.",
    ),
    Refusal(
        "transfer_locked",
        409,
        "此件已经裁定或者退件已被驳回，不能移送。请继续办理；确有新情况的，请报 {decider} 改派。",
        "It was settled whose it is, or a return was refused. Go on with it; if there are new facts, ask {decider} to "
        "reassign it.",
    ),
    Refusal(
        "not_below",
        409,
        "交办只能向下级单位作出（本单位辖区：{area}）。同级单位请以 add-co 增加协办，或者以 transfer 移送。",
        "Only an office below is assigned to (own area: {area}). One beside you gets it by `add-co` or `transfer`.",
    ),
    Refusal(
        "organisation_only",
        409,
        "该单位是社会组织，只能以 refer-out 转介，并须写明申请人同意的方式。",
        "That is an organisation, no authority: `refer-out` sends to it, with the applicant's consent.",
    ),
    Refusal(
        "no_organisation",
        409,
        "转介只能向慈善组织、社会组织作出：{organisations}。其他单位请以 add-co、assign 或者 forward 办理。",
        "Only an organisation is referred out to: {organisations}. Others with `add-co`, `assign` or `forward`.",
    ),
    Refusal(
        "co_handlers_open",
        409,
        "协办单位尚未办结：{offices}。请在其办结之后办结，或者报协调员撤回协办。",
        "Co-handlers have not finished: {offices}. Finish after them, or ask the coordinator to recall them.",
    ),
    Refusal(
        "classify_first",
        409,
        "此件尚未归类，不能办结。请以 classify 写明事项，由承办单位办理。",
        "Nobody has said yet which matter it is, so it cannot be finished. Name it with `classify`.",
    ),
    Refusal(
        "classified_already",
        409,
        "此件已经归类，事项为 {category}。归类有误的，请报协调员以 reclassify 改类。",
        "It is classified already, as {category}. If that is wrong, ask the coordinator to reclassify it.",
    ),
    Refusal(
        "return_locked",
        409,
        "退件此前已被驳回或者已经裁决，不能再退。请继续办理；确有新情况的，请报协调员转交。",
        "A return was refused or arbitrated before. Go on with it; if there are new facts, ask the coordinator to "
        "reassign it.",
    ),
    Refusal(
        "decides_itself",
        409,
        "此件退给谁由本单位决定，不能向本单位自己申请退件。请继续办理，或者以 reassign 转交其他单位。",
        "The own office decides where a return of this goes, so it cannot ask for one. Go on with it, or reassign it.",
    ),
    Refusal(
        "return_window_over",
        409,
        "退件期限已过（截止时间：{until}）。请继续办理；确不属于本单位职责的，请报协调员转交。",
        "The time to return it is over (it ended: {until}). Go on with it; if it is not yours by law, ask the "
        "coordinator to reassign it.",
    ),
    Refusal(
        "extension_not_allowed",
        409,
        "此时没有可以延长的办理期限。请按期办结；依法应当停止计时的，请办理 hold。",
        "No limit runs that may be extended. Finish in time, or put it on hold for a reason that stops the clock.",
    ),
    Refusal(
        "already_extended",
        409,
        "办理期限只能延长一次，此前已经延长。请按期办结；依法应当停止计时的，请办理 hold。",
        "The limit may be extended once, and was. Finish in time, or put it on hold for a reason that stops the clock.",
    ),
    Refusal(
        "extension_pending",
        409,
        "延期已经申请，由 {decider} 于 {until} 前决定；逾期未决定的，视为不同意。请等待决定，期间照常办理。",
        "An extension was asked for; {decider} decides until {until}, and silence means no. Wait for that, and go on "
        "meanwhile.",
    ),
    Refusal(
        "no_extension_asked",
        409,
        "没有待决定的延期申请，当前状态为{state}。延期由承办单位以 extend 申请。",
        "No extension is asked for; it is {state}. The office that has it asks for one with `extend`.",
    ),
    Refusal(
        "decision_too_late",
        409,
        "决定期限已于 {until} 届满，未决定的视为不同意。承办单位可以在办理期限届满之前重新申请。",
        "The time to decide ended at {until}, and silence means no. The office may ask again before its limit ends.",
    ),
    Refusal(
        "extension_too_late",
        409,
        "期限已于 {until} 届满，届满之后不能延长。请尽快办结，并向申请人说明逾期原因。",
        "The limit ended at {until}; an extension is asked for before. Finish soon, and tell the applicant why it is "
        "late.",
    ),
    Refusal(
        "reported_too_late",
        409,
        "报告过迟：事情发生在 {days} 个工作日以前，或者报告之前期限已经届满。请报协调员以 correct-pause 更正。",
        "Reported too late: it lies more than {days} working days back, or the limit ended before the report. Ask the "
        "coordinator to correct the pause.",
    ),
    # Decisions of coordinators.
    Refusal(
        "lead_needs_successor",
        409,
        "主办不能撤回，否则案件无人负责。请以 reassign 转交其他单位。",
        "A lead is not recalled: no case is without an owner. Reassign it to another office.",
    ),
    Refusal(
        "only_the_lead",
        409,
        "只有主办可以转交、改类。协办和抄送请以 recall 撤回。",
        "Only a lead is reassigned or reclassified. Recall co-handlers and copies.",
    ),
    Refusal(
        "same_office",
        409,
        "此件现由该单位承办。请填写其他单位。",
        "That office has it already. Name another one.",
    ),
    Refusal(
        "same_matter",
        409,
        "事项和区划与现在相同，没有变化。请填写新的事项或者新的区划。",
        "It is that matter, and lies there, already. Name another category or another area.",
    ),
    Refusal(
        "place_outside",
        403,
        "该地不在本单位辖区（{areas}）之内。请填写辖区内的区划，或者报上级改类。",
        "That place lies outside of the own area ({areas}). Name one inside, or leave it to the superior.",
    ),
    Refusal(
        "office_has_leg",
        409,
        "该单位已经是此件的{role}单位，一个单位只承担一项。请填写其他单位。",
        "That office has a part of the case already ({role}), and no office has two. Name another one.",
    ),
    Refusal(
        "returned_before",
        409,
        "该单位已经退回过此件，不能再派回。请填写其他单位，或者以 arbitrate 裁定由谁承办。",
        "That office has returned the case before. Name another one, or settle with arbitrate whose it is.",
    ),
    Refusal(
        "not_the_decider",
        403,
        "此项由 {deciders} 决定。请由该单位办理。",
        "This is for {deciders} to decide. Leave it to that office.",
    ),
    Refusal(
        "not_the_head",
        403,
        "此项由 {office} 的负责人（角色 head）决定，期限至 {until}。请由其办理。",
        "This is for the head of {office} to decide (role `head`), until {until}. Leave it to them.",
    ),
    Refusal(
        "out_of_area",
        403,
        "该单位不在本单位辖区（{areas}）之内。请填写辖区内的单位，或者报上级决定。",
        "That office lies outside of the own area ({areas}). Name one inside, or leave it to the superior.",
    ),
    Refusal(
        "nothing_to_arbitrate",
        409,
        "没有其他单位退过此件，尚无争议可以裁定。请以 decide-return 审核退件。",
        "No other office has returned it, so nobody disagrees. Decide on the return with decide-return.",
    ),
)
