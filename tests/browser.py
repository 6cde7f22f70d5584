"""A real Chromium for tests of pages: without a network, and nothing it says is missed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator[Any]:
    """The machine's Chromium, headless. The test is skipped where there is none, or no playwright to drive it."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt install chromium)")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"] if root else [])
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Opened:
    """A page, what it asked for, and what went wrong in it: errors, refusals of its policy, dialogs."""

    page: Any
    requests: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


@contextmanager
def opened(
    browser: Any, file: Path, fragment: str = "", width: int = 1280, height: int = 900, dark: bool = False
) -> Iterator[Opened]:
    """The file in a window of its own, when its script says that it is ready."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", offline=True
    )
    found = Opened(context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("pageerror", lambda error: found.troubles.append(str(error)))
    found.page.on("console", lambda said: found.troubles.append(said.text))
    found.page.on(
        "dialog", lambda dialog: (found.troubles.append(f"dialog: {dialog.message}"), dialog.dismiss())
    )
    try:
        found.page.goto(file.as_uri() + fragment)
        found.page.wait_for_selector("html[data-ready]", timeout=30_000)
        yield found
    finally:
        context.close()
