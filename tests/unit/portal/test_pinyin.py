"""What a clerk may type for a Chinese name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.domain.pinyin import sounds_like


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("zx", "中小学转学"),
        ("zhuanxue", "中小学转学"),
        ("ZhuanX", "中小学转学"),
        ("zxue", "中小学转学"),
        ("zbz", "张北镇"),
        ("zhangbei", "张北镇"),
        ("zdjb", "重大疾病医疗救助"),
        ("cdjb", "重大疾病医疗救助"),
        ("cq", "重庆路社区"),
        ("hyzk", "户有证卡"),
    ],
)
def test_a_name_is_found_by_its_sounds(typed: str, name: str) -> None:
    assert sounds_like(typed, name)


@pytest.mark.parametrize("typed", ["", "z", "xz", "转学", "z1", "zx学", "zhuanxuez", "' or 1=1"])
def test_what_does_not_sound_so_is_not_found(typed: str) -> None:
    assert not sounds_like(typed, "转学")


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_typed_or_named_nothing_breaks(typed: str, name: str) -> None:
    assert sounds_like(typed, name) in {True, False}
