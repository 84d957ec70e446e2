"""What is handed out on paper; the words on it are the policy's."""

from contracts.codes import Code


class DocumentKind(Code):
    """Papers to applicants, and letters to offices."""

    RECEIPT = "receipt", "受理回执", "Receipt"
    NOTICE = "notice", "一次性告知书", "One-time notice"
    DECLINE = "decline", "不予受理告知书", "Notice of non-acceptance"
    CHECK_CONSENT = "check_consent", "信息核对授权书", "Consent to an information check"
    REFERRAL_LETTER = "referral_letter", "转办单", "Referral letter"
    SUPERVISION_LETTER = "supervision_letter", "督办单", "Supervision letter"
    EXTENSION = "extension", "延期告知书", "Extension notice"
    RESULT = "result", "办结告知书", "Notice of completion"
