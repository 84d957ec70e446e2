"""What may be wrong with one field: each sentence goes on from the field's name and says the rule."""

from typing import Final

from contracts.refusals.row import Refusal

FIELDS: Final = (
    Refusal("missing", 422, "必须填写", "is mandatory: give it"),
    Refusal("wrong_type", 422, "类型不对，须为{wanted}", "must be {wanted}"),
    Refusal("too_long", 422, "最多 {most} 个字符", "must have at most {most} characters"),
    Refusal("too_many", 422, "最多 {most} 项", "must have at most {most} entries"),
    Refusal("out_of_range", 422, "须在 {least} 与 {most} 之间", "must lie between {least} and {most}"),
    Refusal("not_one_of", 422, "须为下列之一：{allowed}", "must be one of {allowed}"),
    Refusal("wrong_form", 422, "格式须为 {pattern}", "must have the form {pattern}"),
    Refusal("bad_character", 422, "不得含有空字符（NUL），请删去", "must not contain the character NUL: leave it out"),
    Refusal(
        "unknown_field",
        422,
        "含有此处没有的字段，请删去或者改正；可用字段：{known}",
        "has a field that is not known here; leave it out or correct it. Known: {known}",
    ),
    Refusal(
        "unknown_parameter",
        422,
        "含有此处没有的查询参数，请删去或者改正；可用参数：{known}",
        "has a parameter that is not known here; leave it out or correct it. Known: {known}",
    ),
    Refusal("repeated", 422, "只能填写一次", "must be given once"),
    Refusal(
        "bad_cursor",
        422,
        "须为本列表上一页的 next，请原样填写；去掉则从头开始",
        "must be the `next` of a page of this list, unchanged; leave it out to begin at the start",
    ),
    # The whole.
    Refusal("not_json", 400, "内容须为一个 UTF-8 编码的 JSON 对象", "must be one JSON object in UTF-8"),
    Refusal("not_utf8", 400, "内容须以 UTF-8 编码", "must be encoded in UTF-8"),
    Refusal("too_large", 413, "内容过大，最多 {most}。请分批提交", "is too large, at most {most}. Send it in parts"),
    Refusal("no_value", 400, "没有内容，须为一个 JSON 对象", "there is no value: must be one JSON object"),
    Refusal("doubled_field", 400, "同一字段出现了两次，须只填写一次", "names a field twice: must name each once"),
    Refusal("unreadable", 400, "无法读取（{why}），须重新发送", "cannot be read ({why}): must be sent again"),
    # Moments and limits.
    Refusal(
        "time_form",
        422,
        "须为 ISO 8601 时间并带时区，例如 2026-03-02T09:00+08:00",
        "must be ISO 8601 with offset: 2026-03-02T09:00+08:00",
    ),
    Refusal("not_after", 422, "须晚于 {least}", "must be later than {least}"),
    Refusal("offset_missing", 422, "须带时区，例如 +08:00", "must carry an offset, for example +08:00"),
    Refusal(
        "offset_range",
        422,
        "时区须在 -14:00 与 +14:00 之间",
        "must carry an offset that a place on earth has, -14:00 to +14:00",
    ),
    Refusal("calendar_range", 422, "须在 {first} 年至 {last} 年之间", "must lie in the years {first} to {last}"),
    Refusal(
        "received_range",
        422,
        "须在最近一年以内，且不晚于现在",
        "must lie within the last year and not in the future",
    ),
    Refusal(
        "occurred_out_of_range",
        422,
        "须不早于 {earliest}（计时开始或者所结束的暂停），且不晚于报告之时",
        "must not lie before {earliest}, when the clock or the hold that it ends began, nor after the report itself",
    ),
    Refusal(
        "hour_form",
        422,
        "须为窗口当地的时刻，不带时区，例如 17:30",
        "must be a time of day at the window, for example 17:30",
    ),
    Refusal(
        "limit_form",
        422,
        "须为数字加 h、d、wd、mo、y 之一，例如 5wd",
        "must be a number and one of h, d, wd, mo, y, for example 5wd",
    ),
    Refusal("limit_range", 422, "须在 1 与 {most} {unit} 之间", "must be from 1 to {most} {unit}"),
    Refusal(
        "pause_form",
        422,
        "须写作“开始/结束”，结束可以为空",
        "must be two moments with a slash between; the second may be empty",
    ),
    Refusal("pause_order", 422, "结束不得早于开始", "must not end before it starts"),
    Refusal("pause_before_start", 422, "不得早于计时开始", "must not lie before the clock started"),
    Refusal("pause_ahead", 422, "不得晚于现在", "must not lie ahead"),
    Refusal(
        "pause_lasts",
        422,
        "暂停仍在继续，请去掉；暂停以恢复（resume）结束",
        "must be left out: the pause still lasts, and is ended by resuming",
    ),
    Refusal("pause_is_over", 422, "暂停已经结束，必须填写", "must be given, as the pause is over"),
    Refusal("resume_without_pause", 422, "没有开始的暂停不能结束，请填写开始", "must start before it can end"),
    Refusal("extension_before_start", 422, "不得早于计时开始", "must not be granted before the clock started"),
    Refusal("extension_after_end", 422, "不得晚于期限届满", "must not be granted after the limit had ended"),
    # Policy.
    Refusal("unknown_category", 422, "须为政策包 categories.csv 中的事项代码", "must be a category of the policy"),
    Refusal("bad_area", 422, "须为 2、4、6、9 或者 12 位数字的区划代码", "must be 2, 4, 6, 9 or 12 digits as text"),
    Refusal("unknown_area", 422, "须为政策包 areas.csv 中的区划代码", "must be an area of the policy"),
    Refusal("area_split", 422, "已经拆分，请填写事项所在的新区划", "was split: name the part that it is about"),
    Refusal(
        "no_window", 422, "该级没有窗口，请填写市或者其下的区划", "has no window: name the city or an area below it"
    ),
    Refusal(
        "bad_post",
        422,
        "须为岗位代码，由小写字母和至多四位数字组成，以连字符相连，例如 window-3；不得填写姓名",
        "must be the code of a post: small letters and up to four digits, joined by hyphens, as window-3; never a name",
    ),
    Refusal(
        "unknown_office",
        422,
        "须为政策包 offices.yaml 中的单位代码，例如 education-130722000000",
        "must be the code of an office of the policy, for example education-130722000000",
    ),
    Refusal(
        "unknown_purpose",
        422,
        "须写明查看目的，为下列之一：{allowed}",
        "must say for what it is opened, one of {allowed}",
    ),
    Refusal(
        "not_reached",
        422,
        "未联系到申请人的，不填写是否满意",
        "must be left out where nobody was reached",
    ),
    Refusal("unknown_reason", 422, "须为下列理由代码之一：{allowed}", "must be one of {allowed}"),
    Refusal(
        "unknown_attribute",
        422,
        "含有此事项没有的属性；可用属性：{known}",
        "holds a name that the category lacks; it has {known}",
    ),
    Refusal(
        "unknown_material",
        422,
        "含有政策没有的材料代码；可用材料：{known}",
        "holds a code that is not known; known: {known}",
    ),
    # Identifiers and people.
    Refusal(
        "bad_identifier",
        422,
        "须为 1 至 128 个可见的 ASCII 字符，不含空格",
        "must be 1 to 128 printable ASCII characters without blanks",
    ),
    Refusal(
        "personal_id",
        422,
        "不得含有身份证号、手机号或者汉字，请另编号码",
        "must not hold an identity number, a mobile number or Chinese characters: make up another",
    ),
    Refusal(
        "bad_id_number",
        422,
        "须为 18 位公民身份号码（含港澳台居住证、外国人永居证的 18 位号码），出生日期和校验码正确；其他证件请留空",
        "must be an identity number of 18 characters with a true birth date and check character (also of residence "
        "permits and foreigners' cards); leave it out for other documents",
    ),
    Refusal(
        "bad_phone",
        422,
        "须为电话号码：5 至 20 位数字，可含 +、-、括号和空格",
        "must be a telephone number: 5 to 20 digits, with plus, hyphens, brackets and blanks",
    ),
    Refusal(
        "bad_email",
        422,
        "须为一个完整的电子邮箱地址",
        "must be one e-mail address, for example name@example.com",
    ),
    Refusal("not_an_id", 422, "须为 UUID", "must be a UUID"),
    Refusal("unknown_referral", 422, "须为本单位的转办件编号", "must be a referral of the office that answers"),
    Refusal(
        "no_such_case",
        422,
        "没有此案件，或者不在您的权限之内",
        "there is no such case, or it is not yours to see",
    ),
    Refusal("itself", 422, "不能并入自身", "is the case itself"),
    Refusal("bad_case", 422, "须为案件编号或者案件 UUID", "must be the number or the id of a case"),
    # Answers and decisions.
    Refusal("approver_missing", 422, "须写明依法应当同意的人：{approver}", "must name who has to agree: {approver}"),
    Refusal(
        "consent_missing",
        422,
        "须写明申请人同意的方式，为下列之一：{allowed}",
        "must say how the applicant agreed, one of {allowed}",
    ),
    Refusal("extension_too_long", 422, "最长为 {most}", "must be at most {most}"),
    Refusal(
        "late_reason_missing",
        422,
        "须写明迟报原因，为下列之一：{allowed}",
        "must say why it is reported late, one of {allowed}",
    ),
    Refusal(
        "unknown_pause",
        422,
        "须为暂停的序号：共有 {count} 次，从 0 数起",
        "must be the number of a pause: there are {count}, counted from 0",
    ),
    # Where webhooks go.
    Refusal("bad_url", 422, "须为完整的 https 地址", "must be an https address without user, password or fragment"),
    Refusal("not_https", 422, "须为 https 地址", "must be an https address"),
    Refusal("private_target", 422, "不得指向内部地址", "must not lead to a private address"),
    Refusal("no_address", 422, "域名须能解析", "must have a name that is known"),
    Refusal("one_of", 422, "须在下列各项中只填写一项：{known}", "must have one of {known}, and no other"),
    Refusal("since_ahead", 422, "不得晚于现在", "must not lie ahead"),
    Refusal("too_long_ago", 422, "不得早于 {days} 天以前", "must lie within the last {days} days"),
    Refusal("range_order", 422, "结束不得早于开始", "must not end before it starts"),
)
