"""One headless Chromium for all pages; without one, or without playwright, the tests skip."""

import shutil

import pytest

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if _CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_CHROMIUM, args=_OPTIONS)
        yield chromium
        chromium.close()


class Opened:
    """A page in a tab, with all that went wrong in it."""

    def __init__(self, browser, path, **look):
        self.faults = []
        self.requests = []
        self.dialogs = []
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **look})
        self.tab = self.context.new_page()
        self.tab.on("console", self._hear)
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("dialog", self._dismiss)
        self.tab.goto(path.as_uri())

    def _hear(self, message):
        if message.type in {"error", "warning"}:
            self.faults.append(message.text)

    def _dismiss(self, dialog):
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def drawn(self):
        """Wait until the timelines are there."""
        self.tab.wait_for_selector("#controls:not([hidden])")
        return self

    def until(self, condition):
        """Wait until something is true in the page, whose policy forbids it to poll by itself."""
        for _ in range(300):
            if self.tab.evaluate(condition):
                return
            self.tab.wait_for_timeout(50)
        pytest.fail(f"never so: {condition}")

    def look(self, *, width=1280, scheme="light", media="screen"):
        """Show the page as on another screen, or on paper."""
        self.tab.set_viewport_size({"width": width, "height": 900})
        self.tab.emulate_media(color_scheme=scheme, media=media)
        return self

    def range(self):
        """Return the time shown by the timelines, and its bounds. [ms]"""
        return self.tab.evaluate(
            "(() => { const r = Bokeh.documents[0].get_model_by_name('time');"
            " return [r.start, r.end, ...r.bounds]; })()"
        )


@pytest.fixture
def opened(browser):
    tabs = []

    def open_page(path, **look):
        tabs.append(Opened(browser, path, **look))
        return tabs[-1]

    yield open_page
    for one in tabs:
        one.context.close()
