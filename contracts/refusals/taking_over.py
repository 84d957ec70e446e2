"""Why a file of an earlier case does not serve for another one, or two records are not merged into one person."""

from typing import Final

from contracts.refusals.row import Refusal

TAKING_OVER: Final = (
    Refusal(
        "not_on_file",
        422,
        "不是此申请人为本事项可沿用的文件，或者已经删除；须为 on-file 所列的文件，其余请重新提交",
        "is no file of this applicant that the matter asks for, or is gone: must be one that `on-file` lists",
    ),
    Refusal(
        "never_reused",
        422,
        "政策规定此材料不得沿用，须重新提交",
        "is a material that the policy does not let serve again: must be handed in anew",
    ),
    Refusal(
        "material_expired",
        422,
        "有效期已于 {until} 届满，须重新提交",
        "was valid until {until}: must be handed in anew",
    ),
    Refusal(
        "file_of_merged",
        422,
        "属于已并案的事项，须重新提交，或者先撤销并案",
        "belongs to a case that was merged: must be handed in anew, or the merge be taken back first",
    ),
    Refusal(
        "file_is_here",
        422,
        "此件已有同一文件，须去掉",
        "is at the case already: must be left out",
    ),
    Refusal(
        "file_infected",
        422,
        "病毒扫描未通过，不能沿用，须用干净的设备重新提交",
        "does not pass the virus scanner: must be handed in anew, from a clean device",
    ),
    Refusal(
        "unlisted_material",
        422,
        "不在本事项的材料清单之内，须为下列之一：{allowed}",
        "is not on the list of the matter: must be one of {allowed}",
    ),
    Refusal(
        "one_person_already",
        409,
        "两件的申请人已是同一对象，无须合并。有误合并的，请以 part 拆分。",
        "The applicants of both are one person already. Part them with `part` if that is wrong.",
    ),
    Refusal(
        "people_not_merged",
        409,
        "此对象没有经窗口合并，无可拆分；身份证号或者姓名、电话相同的，请更正登记。",
        "No window has merged this person with another: who gave the same number, or name and telephone, is one "
        "person. Correct what was registered.",
    ),
    Refusal(
        "take_over_gone",
        409,
        "沿用材料的同意已于 {since} 撤回。需要再次沿用的，请重新取得申请人同意。",
        "The consent was withdrawn on {since}. Take the files over again if the applicant agrees again.",
    ),
    Refusal(
        "take_over_too_late",
        409,
        "此件当前为{state}，已据以作出的处理不受撤回影响，文件随档案保存。需要删除个人信息的，请申请删除。",
        "The case is {state}: what was done on the ground of the files stays, and they are kept with it. Ask for the "
        "personal data to be erased instead.",
    ),
)
