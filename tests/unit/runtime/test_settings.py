"""A wrong setting refuses the start and names variable and rule, never the value."""

from base64 import b64encode

import pytest

from libraries.runtime.settings import RuntimeSettings, SettingsRefused, read_settings

GOOD = {
    "YIMEN_DATABASE_URL": "postgresql://localhost/x",
    "YIMEN_KAFKA_SERVERS": "localhost:9092",
    "YIMEN_TOKEN_KEY": "t" * 32,
    "YIMEN_SEALING_KEY": b64encode(b"k" * 32).decode(),
}


def read(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> RuntimeSettings:
    for name, value in (GOOD | changes).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return read_settings(RuntimeSettings)


def test_good_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, YIMEN_KAFKA_SERVERS="a:1,b:2")
    assert settings.kafka_connection() == {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT"}


@pytest.mark.parametrize("value", ["", "https://board.example", "http://127.0.0.1:8080,http://[::1]:8080"])
def test_the_board_may_have_several_addresses(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert read(monkeypatch, YIMEN_BOARD_URL=value).board_url == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YIMEN_DATABASE_URL", None),
        ("YIMEN_TOKEN_KEY", "too-short-to-say"),
        ("YIMEN_SEALING_KEY", "bm90LWxvbmctZW5vdWdo"),
        ("YIMEN_SEALING_KEY", "!!! not base64 !!!"),
        ("YIMEN_TIME_SPEED", "0"),
        ("YIMEN_HTTP_PORT", "99999"),
        ("YIMEN_LOG_LEVEL", "LOUD"),
        ("YIMEN_BOARD_URL", "*"),
        ("YIMEN_BOARD_URL", "https://board.example/path"),
        ("YIMEN_BOARD_URL", "https://board.example; script-src *"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    with pytest.raises(SettingsRefused) as caught:
        read(monkeypatch, **{name: value})
    assert name in str(caught.value)
    assert value is None or len(value) < 8 or value not in str(caught.value)


def test_simulated_time_needs_its_anchor(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsRefused, match="time_anchor"):
        read(monkeypatch, YIMEN_TIME_SPEED="60")
