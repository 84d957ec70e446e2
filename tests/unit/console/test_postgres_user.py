"""Two servers that start at the same time on a fresh machine make one system user, one after the other."""

import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.engines import postgres
from console.engines.postgres import SYSTEM_USER, Postgres


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server over to another user")
def test_two_starts_make_the_user_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most = 0, 0

    def slowly(user: str) -> None:
        nonlocal inside, most
        assert user == SYSTEM_USER
        inside += 1
        most = max(most, inside)
        time.sleep(0.05)
        inside -= 1

    monkeypatch.setattr(postgres, "ensure_user_exists", slowly)
    monkeypatch.setattr(postgres, "ensure_prefix_permissions", lambda _: None)
    monkeypatch.setattr(postgres, "ensure_folder_permissions", lambda *_: None)
    monkeypatch.setattr(postgres.pwd, "getpwnam", lambda _: SimpleNamespace(pw_uid=0, pw_gid=0))
    monkeypatch.setattr(postgres.os, "chown", lambda *_: None)
    for each in ("one", "two"):
        (tmp_path / each).mkdir()
    starts = [threading.Thread(target=Postgres(tmp_path / each)._hand_over) for each in ("one", "two")]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert most == 1
