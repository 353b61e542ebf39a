"""A headless Chromium, spoken to over its debugging pipe: no driver, no port, and no network."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

#: What the binary is called: by Debian, and by others.
NAMES = ("chromium", "chromium-browser", "google-chrome")
#: Without a sandbox: tests run as root, and in containers that allow none. What is opened is our own.
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-pipe",
)
#: Seconds after which a browser that does not answer is ended.
_PATIENCE = 60


class Page:
    """A page that was opened: what it came to, and what the browser complained of."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session
        #: Messages of the console and of the browser itself, such as violations of the policy.
        self.complaints: list[str] = []
        #: Every URL that was asked for.
        self.requests: list[str] = []

    def evaluate(self, expression: str) -> Any:
        """What an expression of JavaScript comes to. The policy holds for the page's scripts and not for this one."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, expression: str) -> None:
        """Evaluates what leads to another page, such as the click of a button, and waits until that is loaded."""
        with self._browser.loading(self._session):
            self.evaluate(expression)

    def resize(self, width: int, height: int = 800, *, mobile: bool = False) -> None:
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if mobile else 1,
            mobile=mobile,
        )

    def screenshot(self) -> bytes:
        """The whole page as PNG, from its top to its end."""
        answer = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])

    def pdf(self) -> bytes:
        """What is printed."""
        return base64.b64decode(self._call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)


class Browser:
    """A browser by its two pipes. Messages are JSON, each with a null byte behind it."""

    def __init__(self, into: int, out: int) -> None:
        self._into = into
        self._out = open(out, "rb", buffering=0, closefd=False)  # noqa: SIM115 - the pipe is its opener's
        self._rest = b""
        self._number = 0
        self._pages: dict[str, Page] = {}
        self._loaded: set[str] = set()

    def open(self, address: Path | str) -> Page:
        """Opens a file or a URL, and waits until it is loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable", session)
        url = address if isinstance(address, str) else address.resolve().as_uri()
        with self.loading(session):
            self.call("Page.navigate", session, url=url)
        return page

    @contextmanager
    def loading(self, session: str) -> Iterator[None]:
        """Waits, after the block, until what the block asked for is loaded."""
        self._loaded.discard(session)
        yield
        while session not in self._loaded:
            self._handle(self._receive())

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Asks for something and waits for the answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._into, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self._handle(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not select.select([self._out], [], [], _PATIENCE)[0]:
                raise TimeoutError(f"the browser has said nothing for {_PATIENCE} seconds")
            data = self._out.read(2**16)
            if not data:
                raise EOFError("the browser has ended")
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        received: dict[str, Any] = json.loads(message)
        return received

    def _handle(self, event: dict[str, Any]) -> None:
        session, method, parameters = event.get("sessionId", ""), event.get("method"), event.get("params", {})
        page = self._pages.get(session)
        if page is None:
            return
        if method == "Page.loadEventFired":
            self._loaded.add(session)
        elif method == "Log.entryAdded":
            page.complaints.append(parameters["entry"]["text"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            page.complaints.append(json.dumps(parameters))
        elif method == "Network.requestWillBeSent":
            page.requests.append(parameters["request"]["url"])


def _pipe() -> tuple[int, int]:
    """A pipe by descriptors above those that a shell is to fill."""
    ends = os.pipe()
    reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return reading, writing


@contextmanager
def running() -> Iterator[Browser]:
    """A browser with a profile of its own; skips where none is installed."""
    binary = next(filter(None, map(shutil.which, NAMES)), None)
    if binary is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    theirs_in, ours_in = _pipe()
    ours_out, theirs_out = _pipe()
    with tempfile.TemporaryDirectory(prefix="secretballot-", ignore_cleanup_errors=True) as profile:
        # The browser reads from its descriptor 3 and writes to 4. A shell puts them there, whatever ours are called.
        command = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        process = subprocess.Popen(
            ["bash", "-c", command, "bash", binary, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            browser = Browser(ours_in, ours_out)
            yield browser
            with suppress(EOFError, OSError):
                browser.call("Browser.close")
        finally:
            os.close(ours_in)
            os.close(ours_out)
            try:
                process.wait(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()


def pages_of(pdf: bytes) -> int:
    """How many pages a PDF has, by the objects that say so. Chromium does not pack these."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
