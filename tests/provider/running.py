"""A certified OpenID provider under Node.js, for tests that sign in at one."""

import asyncio
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from console.engines.child import free_port

HERE = Path(__file__).parent
PATIENCE_SECONDS = 90.0
CLIENT = "portal"
SECRET = "a secret of a test: with & and +"


@cache
def installed() -> Path:
    """The folder with the provider, installed once per version; without Node.js or its registry tests are skipped."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs Node.js and npm for oidc-provider")
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]["oidc-provider"]
    cache_folder = Path(os.environ.get("YIMEN_CACHE") or Path.home() / ".cache" / "yimen")
    folder = cache_folder / f"oidc-provider-{wanted}"
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", folder)
        options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        done = subprocess.run(["npm", "install", "--silent", *options], cwd=folder, check=False, timeout=100)
        if done.returncode:
            pytest.skip("oidc-provider could not be installed: the registry of npm does not answer")
        (folder / "installed").touch()
    return folder


@dataclass(kw_only=True)
class RunningProvider:
    """Knows everybody who comes by the name that they type; groups are what a test says."""

    homes: list[str]
    people: dict[str, list[str]] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    key_number: int = 1
    mislabelled: str = ""
    _process: subprocess.Popen[str] | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self) -> dict[str, str]:
        """Of a portal that signs in here, by the names of its settings."""
        return {
            "portal_oidc_issuer": self.issuer,
            "portal_oidc_client_id": CLIENT,
            "portal_oidc_client_secret": SECRET,
        }

    def start(self) -> None:
        configuration = {
            "port": self.port,
            "clients": [self._client(CLIENT)],
            "people": self.people,
            "key": _key(self.key_number),
            "mislabelled": self.mislabelled,
        }
        self._process = subprocess.Popen(
            ["node", HERE / "provider.mjs", installed(), json.dumps(configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            assert self._process.poll() is None, "the provider did not start"
            try:
                httpx.get(f"{self.issuer}/.well-known/openid-configuration", trust_env=False).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
        self.stop()
        raise AssertionError("the provider does not listen")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    async def again(self, **changed: Any) -> None:
        """Another one in its place."""
        for name, value in changed.items():
            setattr(self, name, value)
        await asyncio.to_thread(self.stop)
        await asyncio.to_thread(self.start)

    def _client(self, name: str) -> dict[str, Any]:
        return {
            "client_id": name,
            "client_secret": SECRET,
            "redirect_uris": [f"{home}/login/provider/back" for home in self.homes],
            "post_logout_redirect_uris": [f"{home}/login" for home in self.homes],
            "id_token_signed_response_alg": "ES256",
        }


@cache
def _key(number: int) -> dict[str, Any]:
    """A signing key; the number makes another one."""
    made = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    return {**made, "kid": f"key-{number}", "use": "sig", "alg": "ES256"}
