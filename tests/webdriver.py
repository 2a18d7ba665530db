"""The few WebDriver commands that a test of a page needs, over HTTP, so that no client library is
asked for.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Browser:
    """A headless Chromium with one page."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}/session"
        arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1240,900",
            "--disable-dev-shm-usage",
        ]
        wanted = {
            "alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"args": arguments}}
        }
        session = self._send("POST", "", {"capabilities": wanted})["sessionId"]
        self.root += f"/{session}"

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.root + path, data, {"Content-Type": "application/json"}, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, page: Path) -> None:
        self._send("POST", "/url", {"url": page.as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        return self._send("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, css: str) -> None:
        found = self._send("POST", "/element", {"using": "css selector", "value": css})
        self._send("POST", f"/element/{next(iter(found.values()))}/click", {})

    def text(self, css: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).textContent", css))

    def set(self, identifier: str, value: Any) -> None:
        """Move a slider or choose an option, as a hand would."""
        self.run(
            "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('input', {bubbles: true}))",
            identifier,
            str(value),
        )

    def keys(self, css: str, text: str) -> None:
        """Type on an element, as a keyboard would; special keys by their WebDriver code points."""
        found = self._send("POST", "/element", {"using": "css selector", "value": css})
        self._send("POST", f"/element/{next(iter(found.values()))}/value", {"text": text})

    def later(self, script: str) -> Any:
        """What a script hands to the function `done`."""
        script = f"const done = arguments[arguments.length - 1]; {script}"
        return self._send("POST", "/execute/async", {"script": script, "args": []})

    def devtools(self, command: str, **parameters: Any) -> Any:
        """A command of Chromium's own protocol."""
        return self._send("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def go(self, address: str) -> None:
        self._send("POST", "/url", {"url": address})

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._send("GET", "/screenshot")))

    def close(self) -> None:
        self._send("DELETE", "")


@contextmanager
def browser(driver: str) -> Iterator[Browser]:
    """Chromium through its driver, ended with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [driver, f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ},
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        session = Browser(port)
        try:
            yield session
        finally:
            session.close()
    finally:
        process.terminate()
        process.wait(20)
