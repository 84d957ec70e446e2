"""A line among the sessions says browser and device, not what a browser calls itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.domain.devices import LONGEST, device

LIKE_ALL = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {LIKE_ALL} HeadlessChrome/156.0.0.0 Safari/537.36", "Chrome 156, Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0) {LIKE_ALL} Chrome/126.0 Safari/537.36 Edg/126.0", "Edge 126, Windows"),
        (f"Mozilla/5.0 (Windows NT 6.1) {LIKE_ALL} Chrome/90.0 Safari/537.36 QIHU 360SE", "360, Windows"),
        (f"Mozilla/5.0 (Linux; Android 13) {LIKE_ALL} Chrome/110 MicroMessenger/8.0.2", "WeChat 8, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari 17, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128, Linux"),
        ("curl", "curl"),
        ("", ""),
    ],
)
def test_the_browser_and_the_device(agent: str, shown: str) -> None:
    assert device(agent) == shown


@given(st.text(max_size=400))
def test_whatever_a_browser_says_is_short(agent: str) -> None:
    assert len(device(agent)) <= LONGEST
