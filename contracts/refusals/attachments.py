"""Why a file is not attached to a case, or an upload does not go on."""

from typing import Final

from contracts.refusals.row import Refusal

ATTACHMENTS: Final = (
    Refusal(
        "tus_version",
        412,
        "Tus-Resumable 缺失或者版本不符。请以 Tus-Resumable: 1.0.0 发送。",
        "`Tus-Resumable` is missing or names another version. Send `Tus-Resumable: 1.0.0`.",
    ),
    Refusal(
        "upload_header",
        400,
        "请求头 {header} 缺失或者格式不对。请按 tus 1.0 规范填写。",
        "The header `{header}` is missing or not right. Write it as tus 1.0 has it.",
    ),
    Refusal(
        "upload_media_type",
        415,
        "内容类型不对。文件内容请以 application/offset+octet-stream 发送。",
        "Not this media type. Send what the file holds as `application/offset+octet-stream`.",
    ),
    Refusal(
        "upload_offset",
        409,
        "续传位置不符，已收到 {offset} 字节。请从该位置继续发送。",
        "Not from here: {offset} bytes have arrived. Go on from there.",
    ),
    Refusal(
        "upload_parts",
        409,
        "分段过多，每次上传最多 {most} 段。请加大每段，重新上传。",
        "Too many parts: {most} at most for one upload. Begin again with larger ones.",
    ),
    Refusal(
        "attachment_size",
        413,
        "文件须为 1 字节至 {most}。请压缩或者拆分之后重新上传。",
        "A file has 1 byte to {most}. Make it smaller or split it, and upload it again.",
    ),
    Refusal(
        "attachment_name",
        422,
        "文件名缺失或者不可用。请填写 1 至 {most} 个字符的文件名，不含路径和控制字符。",
        "The name of the file is missing or cannot be used. Give one of 1 to {most} characters without path or control "
        "characters.",
    ),
    Refusal(
        "attachment_kind",
        422,
        "不接收此类文件。可以上传：{allowed}。请转换格式之后重新上传。",
        "Files of this kind are not taken; these are: {allowed}. Convert it, and upload it again.",
    ),
    Refusal(
        "attachment_content",
        422,
        "文件内容与扩展名不符，或者文件已损坏，或者含有宏。请核对之后重新上传。",
        "What the file holds is not what its name says, or is damaged, or has macros. Check it, and upload it again.",
    ),
    Refusal(
        "attachment_pixels",
        422,
        "图片过大，最多 {most} 百万像素。请缩小之后重新上传。",
        "The picture is too large: {most} megapixels at most. Make it smaller, and upload it again.",
    ),
    Refusal(
        "attachment_virus",
        422,
        "病毒扫描未通过，文件没有保存。请先查杀来源设备上的病毒，再换用干净的文件上传。",
        "The virus scanner found something, and nothing was kept. Clean the device that it comes from, and upload a "
        "clean file.",
    ),
    Refusal(
        "too_many_attachments",
        409,
        "此件的附件已达上限（{most} 个，含正在上传的）。请合并文件，或者等未完成的上传到期之后再传。",
        "The case has {most} attachments, those that are on their way included, and takes no more. Put several into "
        "one file, or wait until an upload that was left has run out.",
    ),
    Refusal(
        "attachment_too_late",
        409,
        "此件当前为{state}，不再接收附件。需要继续办理的，请先重办，或者登记新的事项。",
        "The case is {state} and takes no more attachments. If there is more to do, reopen it or register a new "
        "matter.",
    ),
    Refusal(
        "may_not_attach",
        403,
        "令牌及其单位与此件的关系不能添加附件。请由首问窗口、承办单位或者协调员添加。",
        "The relation of the token and its office to the case does not let it attach anything. The first-contact "
        "window, the offices that have the case or a coordinator can.",
    ),
    Refusal(
        "no_thumbnail",
        404,
        "此附件不是图片，没有缩略图。请下载附件查看。",
        "It is no picture and has no thumbnail. Fetch the attachment itself.",
    ),
    Refusal(
        "storage_away",
        503,
        "附件存储暂时不可用或者已满，没有保存任何内容。请稍后再试；仍不可用的，请告知管理员。",
        "The store of attachments is away or full, and nothing was kept. Try again later; if it lasts, tell whoever "
        "runs the installation.",
    ),
    Refusal(
        "scanner_away",
        503,
        "病毒扫描暂时不可用，文件尚未保存。请稍后续传；仍不可用的，请告知管理员。",
        "The virus scanner is away, and the file is not kept yet. Go on with the upload later; if it lasts, tell "
        "whoever runs the installation.",
    ),
)
