"""Forms that bring files: what stands in them, and what is no form of ours."""

import httpx
import pytest

from services.portal.forms import BadForm
from services.portal.uploads import SentFile, read_files

KIND = "multipart/form-data; boundary=b"


def sent(files: list[tuple[str, tuple[str, bytes]]], **fields: str) -> tuple[str, bytes]:
    request = httpx.Request("POST", "http://x/", data=fields, files=files)
    return request.headers["content-type"], request.read()


def test_fields_and_files_are_told_apart() -> None:
    form, files = read_files(*sent([("file", ("户口簿.jpg", b"\xff\xd8")), ("file", ("b.pdf", b"%PDF"))], csrf="x"))
    assert form.get("csrf") == "x"
    assert files == [SentFile("户口簿.jpg", b"\xff\xd8"), SentFile("b.pdf", b"%PDF")]


def test_a_field_for_files_that_was_left_empty_brings_none() -> None:
    body = (
        b'--b\r\ncontent-disposition: form-data; name="file"; filename=""\r\n'
        b"content-type: application/octet-stream\r\n\r\n\r\n--b--\r\n"
    )
    assert read_files(KIND, body)[1] == []


def test_a_form_that_was_kept_while_signing_in_comes_without_files() -> None:
    form, files = read_files("application/x-www-form-urlencoded", b"csrf=x&back=%2Fcounter")
    assert (form.get("back"), files) == ("/counter", ())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nx"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--\r\n',
        ),
        ("multipart/form-data; boundary=b", b'--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n\0\r\n--b--\r\n'),
        ("multipart/form-data; boundary=b", b""),
    ],
)
def test_what_is_no_form_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(BadForm):
        read_files(kind, body)
