"""A headless Chromium driven over its DevTools pipe: no driver program and no package beside Debian's chromium.

https://chromedevtools.github.io/devtools-protocol/ ; --remote-debugging-pipe speaks it on file descriptors 3 and 4,
each message JSON with a zero byte behind it.
"""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time


class Page:
    """One tab. Collects what a page must not do: errors, messages on the console, requests beyond its own file."""

    def __init__(self, browser, session):
        self._browser = browser
        self._session = session
        self.problems = []
        self.requests = []

    def call(self, method, **params):
        return self._browser.call(method, params, self._session)

    def open(self, path, fragment=""):
        self.problems.clear()
        self.requests.clear()
        self._browser.loaded = False
        url = pathlib.Path(path).resolve().as_uri() + fragment
        self.call("Page.navigate", url="about:blank")
        self._browser.wait(lambda: self._browser.loaded)
        self._browser.loaded = False
        self.requests.clear()
        began = time.monotonic()
        self.call("Page.navigate", url=url)
        self._browser.wait(lambda: self._browser.loaded)
        return time.monotonic() - began

    def js(self, expression):
        """The value of an expression; an exception in the page is one here."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def key(self, key):
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        code = {"Enter": 13, "Escape": 27, "Tab": 9}.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            press = {"type": kind, "key": key, "windowsVirtualKeyCode": code}
            if text and kind == "keyDown":
                press["text"] = text
            self.call("Input.dispatchKeyEvent", **press)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def prefer(self, scheme, media=""):
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def size(self, width, height, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)

    def picture(self, path):
        shot = self.call("Page.captureScreenshot", format="png")
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))


class Chromium:
    """`with Chromium() as browser:`; its profile is a folder of its own that goes with it."""

    def __init__(self, limit=60):
        self._limit = limit
        self._next = 0
        self._rest = b""
        self._answers = {}
        self._pages = {}
        self.loaded = False

    def __enter__(self):
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if not program:
            raise SystemExit("no chromium on PATH: apt-get install chromium")
        self._profile = tempfile.mkdtemp(prefix="seatrial-browser")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def place():  # in the child: 3 is read from, 4 is written to
            os.dup2(to_browser, 103)
            os.dup2(from_browser, 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        self._process = subprocess.Popen(
            [program, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self._profile}", "--no-sandbox",
             "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-extensions",
             "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb", "about:blank"],
            preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close", {})
            self._process.wait(10)
        except (TimeoutError, BrokenPipeError, EOFError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._profile, ignore_errors=True)

    def page(self):
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(domain + ".enable")
        return page

    def call(self, method, params, session=None):
        self._next += 1
        number = self._next
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        self.wait(lambda: number in self._answers)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait(self, ready):
        end = time.monotonic() + self._limit
        while not ready():
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise TimeoutError("the browser did not answer")
            chunk = os.read(self._in, 1 << 20)
            if not chunk:
                raise EOFError("the browser has ended")
            *messages, self._rest = (self._rest + chunk).split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message):
        if "id" in message:
            self._answers[message["id"]] = message
            return
        method, params = message["method"], message.get("params", {})
        page = self._pages.get(message.get("sessionId"))
        if method == "Page.loadEventFired":
            self.loaded = True
        if page is None:
            return
        if method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            page.problems.append(json.dumps(params))
        if method == "Network.requestWillBeSent":
            page.requests.append(params["request"]["url"])
