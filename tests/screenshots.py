"""Takes the pictures of README and docs from the running demo: `python -m tests.screenshots`."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WARNING_SECONDS = 90
MAX_BYTES = 300_000
SIZE = ViewportSize(width=1440, height=900)


def main() -> int:
    """Start the demo, wait for the staged leak, take the pictures, stop the demo; return 1 when one is too large."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "gateway.cli", "demo", "--no-browser", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        try:
            url = json.loads(demo.stdout.readline())["url"]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                take(browser, url)
                browser.close()
        finally:
            demo.send_signal(signal.SIGINT)
    too_large = [file for file in sorted(FOLDER.glob("*.png")) if file.stat().st_size > MAX_BYTES]
    for file in sorted(FOLDER.glob("*.png")):
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1000} kB")
    return 1 if too_large else 0


def take(browser: Browser, url: str) -> None:
    """Take the quiet page, then the leak in both languages and the officer's answer to it."""
    chinese, english = opened(browser, url, "zh"), opened(browser, url, "en")
    chinese.locator("#vitals .vital").first.wait_for()
    picture(chinese, "quiet-zh")
    for page in (chinese, english):
        page.locator(".warning button").first.wait_for(timeout=WARNING_SECONDS * 1000)
        page.locator(".warning").first.click()
        page.locator("#ranges button").first.click()
    # Half a minute more, so that the trend shows the gas rising.
    chinese.wait_for_timeout(30_000)
    picture(chinese, "warning-zh")
    picture(english, "warning-en")
    chinese.locator(".warning button").first.click()
    chinese.locator("#acknowledge-person").fill("王芳")
    chinese.locator("#acknowledge-note").fill("已通知燃气公司抢修班，请现场核实")
    picture(chinese, "acknowledge-zh")


def opened(browser: Browser, url: str, language: str) -> Page:
    """Open the page in one language."""
    context = browser.new_context(viewport=SIZE)
    context.add_init_script(f"localStorage.setItem('lifeline.language', '{language}')")
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    return page


def picture(page: Page, name: str) -> None:
    """Write one picture."""
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    sys.exit(main())
