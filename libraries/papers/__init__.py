"""What a window hands out, as a page, a PDF and a DOCX file of the same text. Nothing here knows a case or a policy."""
