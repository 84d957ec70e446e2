"""Why a request, an answer or an act is not done although each of its fields may be right."""

from typing import Final

from contracts.refusals.row import Refusal

REQUESTS: Final = (
    # What every door says.
    Refusal(
        "invalid",
        422,
        "内容有误，errors 逐项列明。请一并改正后重新提交；此前的内容没有生效。",
        "There are faults; `errors` names each. Correct them all and send it again; nothing was changed.",
    ),
    Refusal(
        "no_token",
        401,
        "请求没有携带令牌。请在 Authorization 中以 Bearer 方式携带令牌。",
        "The request carries no token. Send one as `Authorization: Bearer`.",
    ),
    Refusal(
        "bad_token",
        401,
        "令牌无效或者已经过期。请向管理员换领。",
        "The token is not valid here or is out of date. Ask whoever runs the installation for another.",
    ),
    Refusal(
        "unscoped_token",
        401,
        "令牌没有写明单位或者辖区，不知代表谁。请向管理员换领写明单位或者辖区的令牌。",
        "The token names neither office nor area, so nobody knows for whom it speaks. Ask whoever runs the "
        "installation for one that does.",
    ),
    Refusal(
        "token_area",
        401,
        "令牌的辖区不在其单位的辖区之内。请向管理员换领辖区相符的令牌。",
        "The area of the token does not lie within that of its office. Ask whoever runs the installation for another.",
    ),
    Refusal(
        "revoked_token",
        401,
        "令牌已被撤销。请重新申领令牌；申领不到的，请联系管理员。",
        "The token was revoked. Ask for a new one; if you get none, ask whoever runs the installation.",
    ),
    Refusal(
        "unknown_partner",
        401,
        "令牌所属系统没有在本处登记。请联系管理员登记。",
        "The token is of a system that is not registered here. Ask whoever runs the installation to add it.",
    ),
    Refusal(
        "partner_disabled",
        401,
        "该对接系统已被停用。请联系管理员。",
        "This partner is disabled. Ask whoever runs the installation.",
    ),
    Refusal(
        "invalid_client",
        401,
        "客户端编号或者密钥有误，或者已经停用。请核对；密钥已轮换的，请改用新密钥。",
        "The client id or secret is wrong or counts no more. Check both; if it was rotated, use the new one.",
    ),
    Refusal(
        "unsupported_grant_type",
        400,
        "此处只支持 client_credentials。请将 grant_type 改为 client_credentials。",
        "Only `client_credentials` is granted here. Send `grant_type=client_credentials`.",
    ),
    Refusal(
        "invalid_request",
        400,
        "请求不是表单，或者参数重复、缺失。请以 application/x-www-form-urlencoded 提交 grant_type、客户端编号和密钥。",
        "This is no form, or a parameter is missing or repeated. Send `grant_type`, client id and secret as "
        "application/x-www-form-urlencoded.",
    ),
    Refusal(
        "role_not_allowed",
        403,
        "令牌的角色不能办理此事；可以办理的角色：{roles}。请由其办理，或换用相应的令牌。",
        "The token's role may not do this; those who may: {roles}. Leave it to them, or use their token.",
    ),
    Refusal(
        "no_office",
        403,
        "令牌没有写明单位。请向管理员换领写明单位的令牌。",
        "The token names no office. Ask whoever runs the installation for one that does.",
    ),
    Refusal(
        "own_office_only",
        403,
        "经办人只能查看本单位。请去掉 office，或者填写本单位代码。",
        "An officer sees the own office alone. Leave `office` out, or name your own.",
    ),
    Refusal(
        "outside_area",
        403,
        "超出令牌的辖区。请去掉 area，或者填写辖区以内的区划代码。",
        "Outside of the token's area. Leave `area` out, or name an area within your own.",
    ),
    Refusal(
        "needs_coordinator",
        403,
        "此项须由协调员决定。请报协调员办理。",
        "This is for a coordinator to decide. Ask the coordinator of the area.",
    ),
    Refusal(
        "not_allowed",
        403,
        "令牌及其单位与此件的关系（{relations}）不能查看{part}。确有需要的，请向首问窗口或者协调员申请。",
        "Neither the token nor the relation of its office to the case ({relations}) opens {part}. If you need it, ask "
        "the first-contact window or the coordinator.",
    ),
    Refusal(
        "erased",
        410,
        "此件的个人信息已经依法删除，任何人都不能再查看。需要继续办理的，请以新的编号重新登记。",
        "The personal data of this case was erased, and nobody can open it any more. If there is more to do, register "
        "the matter anew with another id.",
    ),
    Refusal(
        "searches_too_many",
        429,
        "一小时内查找人员不得超过 {most} 次。请稍后再试；已知案件编号的，直接打开该件。",
        "Nobody searches for people more than {most} times an hour. Wait a while; where the number of a case is known, "
        "open the case.",
    ),
    Refusal(
        "erasing_too_early",
        409,
        "当前状态为{state}，仍有单位在办。请在办结之后删除。",
        "It is {state}, and offices work with it. Erase it when it is over.",
    ),
    Refusal(
        "not_found",
        404,
        "没有此件，或者令牌无权查看。请核对编号；编号无误的，请向首问窗口或者协调员询问由谁承办。",
        "There is no such thing, or the token may not know of it. Check the id; if it is right, ask the first-contact "
        "window or the coordinator who has it.",
    ),
    Refusal(
        "no_such_receipt",
        403,
        "编号或者查询码不正确。请对照回执重新填写；查询码遗失的，请携带身份证件到首问窗口补发。",
        "The number or the code is not right. Compare them with the receipt; if the code is lost, the first-contact "
        "window issues it again.",
    ),
    Refusal(
        "not_the_window",
        403,
        "补发回执由首问窗口办理。请到登记该事项的窗口办理。",
        "A receipt is issued again by the window that registered the matter. Turn to that window.",
    ),
    Refusal(
        "no_such_path",
        404,
        "没有这个地址。可用的地址见 /openapi.json。",
        "There is no such path. Those that there are stand in /openapi.json.",
    ),
    Refusal(
        "method_not_allowed",
        405,
        "此地址不适用该方法。可用的方法见 Allow。",
        "Not with this method. The header `Allow` names those that are possible.",
    ),
    Refusal(
        "bad_http",
        400,
        "请求不符合 HTTP 规范，连接已经关闭。请核对请求行、头部和长度；Content-Length 与 Transfer-Encoding 不能并用。",
        "This is not HTTP as the standard has it, and the connection was closed. Check the request line, the headers "
        "and the length (`Content-Length` and `Transfer-Encoding` exclude each other).",
    ),
    Refusal(
        "request_timeout",
        408,
        "请求没有在规定时间内发送完毕，连接已经关闭，没有办理任何事项。请重新发送。",
        "The request did not arrive in time; the connection was closed, and nothing was done. Send it again.",
    ),
    Refusal(
        "failed",
        500,
        "系统出现故障，原因见服务日志。请把发生时间告知管理员。",
        "The service failed; its log says why. Tell whoever runs the installation when it happened.",
    ),
    Refusal(
        "unavailable",
        503,
        "数据库或者消息系统暂时中断，没有办理任何事项。请在 Retry-After 所示的秒数之后再试。",
        "The database or the broker is away for the moment, and nothing was done. Try again after the seconds that "
        "`Retry-After` names.",
    ),
    # Requests that come again.
    Refusal(
        "bad_idempotency_key",
        400,
        "Idempotency-Key 的格式不对。请只填写一个，为 1 至 128 个可见的 ASCII 字符，可以置于双引号之内。",
        "The header Idempotency-Key is not right. Send it once: 1 to 128 printable ASCII characters without blanks, in "
        "double quotes or without.",
    ),
    Refusal(
        "idempotency_key_used",
        422,
        "此 Idempotency-Key 已用于另一内容的请求。同一请求请按原内容重发；新的请求请用新的键。",
        "The Idempotency-Key was used for a request with another body. Send the same request unchanged, or a new one "
        "under a new key.",
    ),
    Refusal(
        "request_in_progress",
        409,
        "同一 Idempotency-Key 的请求正在办理。请在 Retry-After 所示的秒数之后重发，届时得到其答复。",
        "A request with the same Idempotency-Key is still being worked on. Send it again after the seconds that "
        "`Retry-After` names, to get its answer.",
    ),
    Refusal(
        "stale",
        412,
        "此件在查看之后已有变化：{changed}。没有办理任何事项。请重新读取，核对后以新的 ETag 再次提交。",
        "It has changed since it was seen: {changed}. Nothing was done. Read it again, and send the act with the new "
        "ETag if it is still right.",
    ),
    # Submissions.
    Refusal(
        "conflict",
        409,
        "此编号已用于另一内容。同一事项请按原内容重发；新的事项请用新的编号。",
        "The id was used for another content. Send the same matter unchanged, or a new matter under a new id.",
    ),
    Refusal(
        "not_your_source",
        403,
        "来源不属于本令牌。请填写令牌所列的来源，或者向管理员换领令牌。",
        "The token does not name this source. Send one that it names, or ask whoever runs the installation for another "
        "token.",
    ),
    Refusal(
        "not_your_area",
        403,
        "区划不属于本令牌的辖区。请由该区划的系统登记，或者在窗口登记。",
        "The area lies outside of the token's. Leave it to the system of that area, or register it at a window.",
    ),
    # Acts at the window.
    Refusal(
        "illegal_move",
        409,
        "当前状态为{state}，不能办理{move}。此时可以办理：{possible}。",
        "{move} is not possible while {state}. Possible now: {possible}.",
    ),
    Refusal(
        "notice_already_given",
        409,
        "补正材料应当一次性告知，此前已经告知。确需再次告知的，请报协调员以 override 决定。",
        "The applicant was told once and completely what is missing. A second notice needs a coordinator's `override`.",
    ),
    Refusal(
        "nothing_to_check",
        409,
        "事项状态为{state}，不再核对，无须授权。需要继续办理的，请先重办。",
        "The case is {state}: nobody is asked about the applicant any more. If there is more to do, reopen it first.",
    ),
    Refusal(
        "lead_asks",
        409,
        "事项状态为{state}，窗口不再提出核对。请告知主办单位 {lead} 提出。",
        "The case is {state}: the window asks no more. Tell the lead, {lead}, which asks.",
    ),
    Refusal(
        "question_open",
        409,
        "该单位的上一次核对尚未答复。请待答复后再提出，或者向其他单位提出。",
        "That office has not answered the check before. Wait for it, or ask another office.",
    ),
    Refusal(
        "consent_stands",
        409,
        "申请人已为此目的（{purpose}）授权，授权仍然有效，可以直接提出核对。",
        "A consent to checks for this purpose ({purpose}) stands already: ask under it.",
    ),
    Refusal(
        "consent_gone",
        409,
        "该授权已于 {since} 撤回。需要再次核对的，请重新取得授权。",
        "That consent was withdrawn at {since}. If a check is needed again, take a new one.",
    ),
    Refusal(
        "nothing_to_tell",
        409,
        "没有这样的待告知事项。尚待告知申请人的：{owed}。",
        "Nothing of that kind is owed to the applicant. Still to be told: {owed}.",
    ),
    Refusal(
        "nothing_to_hand_in",
        409,
        "案件没有在等待补正，不能按逾期未补正撤回。请填写其他撤回事由。",
        "The case awaits no material, so none came too late. Name another reason to withdraw it.",
    ),
    Refusal(
        "supplement_time_runs",
        409,
        "补正期限至 {until}，尚未届满。请在届满之后办理，或者容缺受理（accept）。",
        "The applicant has time to hand in material until {until}. Wait until then, or accept the case without it.",
    ),
    Refusal(
        "other_category",
        409,
        "{number} 的事项类别不同，不是同一事项，不能并案，请分别办理。",
        "{number} is of another category, so not the same matter. Handle it by itself.",
    ),
    Refusal(
        "other_applicant",
        409,
        "{number} 的申请人不同，或者其信息已经删除，不能并案。多人反映同一问题的，请逐件办理。",
        "The applicant of {number} is another, or was erased: it cannot be merged. Handle the same problem of several "
        "people case by case.",
    ),
    Refusal(
        "earlier_date",
        409,
        "{number} 的办结期限较早，并案不得延长期限。请反过来并入 {number}。",
        "{number} has to be done earlier, and merging must not make its time longer. Merge into {number} instead.",
    ),
    Refusal(
        "reopen_window_over",
        409,
        "申请重办的期限已于 {until} 届满。尚未回访到申请人的，请先回访；"
        "已经回访的，请作为新的事项登记，并写明原案件编号。",
        "The time to open the case again ended at {until}. If no call-back has reached the applicant yet, call back "
        "first; else register a new matter that names the number of this one.",
    ),
    # Subscriptions.
    Refusal(
        "subscription_exists",
        409,
        "本单位已有同名订阅。请换用其他名称，或者沿用原有订阅。",
        "There is a subscription of this name already. Choose another name, or go on with the one that there is.",
    ),
    Refusal(
        "too_many_subscriptions",
        409,
        "订阅数量已达上限（{most} 个）。请先停用不再需要的订阅。",
        "There are {most} subscriptions, and no more are possible. Disable one that is not needed first.",
    ),
    Refusal(
        "subscription_state",
        409,
        "订阅当前为{state}，不能办理此项。请先恢复（resume）。",
        "The subscription is {state}. Resume it first.",
    ),
    Refusal(
        "no_own_topic",
        403,
        "只有已登记的对接系统才有专用主题。请以其令牌订阅，或者改用 webhook 并填写 url。",
        "Only a registered partner has a topic of its own. Subscribe with its token, or name the `url` of a webhook.",
    ),
    Refusal(
        "nothing_signed",
        409,
        "该订阅投递到专用主题，不使用签名，没有密钥可换。主题的访问密钥请用 yimen partner rotate 轮换。",
        "This subscription goes to a topic, where nothing is signed, so there is no secret to change. What opens the "
        "topic is changed by `yimen partner rotate`.",
    ),
    Refusal(
        "subscriber_disabled",
        409,
        "订阅该内容的对接系统已被停用，不能恢复。请联系管理员；本单位仍需要的，请另行订阅。",
        "The partner that made this subscription is disabled. Ask whoever runs the installation, or make another one.",
    ),
    Refusal(
        "replay_runs",
        409,
        "上一次补发尚未完成，或者距上次不足 {minutes} 分钟。请稍后再试。",
        "A replay is still going on, or ended less than {minutes} minutes ago. Try again later.",
    ),
)
