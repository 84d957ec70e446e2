"""The kinds of files that may be attached to a case."""

from contracts.codes import Code


class AttachmentKind(Code):
    """What may be attached to a case; nothing that runs."""

    JPEG = "jpeg", "图片（JPEG）", "Picture (JPEG)"
    PNG = "png", "图片（PNG）", "Picture (PNG)"
    WEBP = "webp", "图片（WebP）", "Picture (WebP)"
    PDF = "pdf", "版式文件（PDF）", "Document (PDF)"
    OFD = "ofd", "版式文件（OFD）", "Document (OFD)"
    DOCX = "docx", "文字文件（DOCX）", "Text document (DOCX)"
    XLSX = "xlsx", "表格文件（XLSX）", "Spreadsheet (XLSX)"
