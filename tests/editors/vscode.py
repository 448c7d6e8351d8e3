"""VS Code itself: its server build in a process of its own, its window in a headless browser."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Error, Locator, Page, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests.editors.conftest import PICTURES, ROOT
from tests.waiting import wait_for

CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS = {
    "editor.inlineSuggest.minShowDelay": 0,
    "editor.accessibilitySupport": "off",
    "editor.minimap.enabled": False,
    "files.autoSave": "off",
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.colorTheme": "Default Dark Modern",
    "telemetry.telemetryLevel": "off",
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "update.mode": "none",
    "workbench.enableExperiments": False,
    "chat.disableAIFeatures": True,
    "git.enabled": False,
}
VSIX = ROOT / "editors" / "vscode" / "seed-lsp.vsix"
START_MS = 60_000


def relayed(server: str, folder: Path) -> Path:
    """A program that serves as `server` does, and notes all messages in ``traffic.log``."""
    script = folder / "seed-lsp"
    relay = f'"{sys.executable}" "{ROOT}/tests/editors/relay.py" "{folder}/traffic.log"'
    script.write_text(f'#!/bin/sh\nif [ "$1" = serve ]; then exec {relay} "{server}" "$@"; fi\nexec "{server}" "$@"\n')
    script.chmod(0o755)
    return script


class VSCode:
    """A running VS Code with the extension installed; `settings` are the user's."""

    def __init__(
        self,
        hosts: Path,
        folder: Path,
        settings: dict[str, Any],
        *,
        vsix: Path = VSIX,
        trust: bool = False,
        env: dict[str, str] | None = None,
    ) -> None:
        self.storage = folder / "data" / "User" / "globalStorage" / "seed-lsp.seed-lsp"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._log = folder / "vscode.log"
        if "seed.server.path" in settings:
            settings = {**settings, "seed.server.path": str(relayed(str(settings["seed.server.path"]), folder))}
        user = folder / "data" / "User"
        user.mkdir(parents=True)
        # The settings of a machine are only read from where the server runs.
        machine = folder / "data" / "Machine" / "settings.json"
        machine.parent.mkdir()
        for path in (user / "settings.json", machine):
            path.write_text(json.dumps({**SETTINGS, **settings}))
        node = hosts / "node" / "node_modules" / ".bin" / "node"
        main = hosts / "code-server" / "lib" / "vscode" / "out" / "server-main.js"
        command = [str(node), str(main), "--accept-server-license-terms", "--server-data-dir", str(folder)]
        command += ["--user-data-dir", str(folder / "data"), "--extensions-dir", str(folder / "extensions")]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*command, "--install-extension", str(vsix), "--force"], check=True, **quiet)
        # Without the grace time an extension host outlives its window by hours.
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--without-connection-token", "--telemetry-level", "off"]
        # The environment is the one given here, and not that of a login shell.
        command += ["--force-disable-user-env", "--reconnection-grace-time", "5", *([] if trust else ["--disable-workspace-trust"])]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(env or {})},
            )
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2):
                    return
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.25)
        self.stop()
        raise RuntimeError(self._log.read_text()[-2000:])

    def stop(self) -> None:
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
            time.sleep(0.5)
        self._process.wait()


Start = Callable[..., VSCode]
"""Starts a VS Code with these settings of the user; `VSCode` has what more can be said."""


class Window:
    """A window on a workspace, driven by keys and by what can be seen."""

    def __init__(self, page: Page, vscode: VSCode, workspace: Path) -> None:
        self.page, self.workspace = page, workspace
        page.goto(f"http://127.0.0.1:{vscode.port}/?" + urlencode({"folder": str(workspace)}))

    def open(self, name: str, *, ready: bool = True) -> Window:
        """Open a file by the explorer, and wait until the server is ready."""
        self.page.locator(".explorer-folders-view").get_by_text(name, exact=True).dblclick(timeout=START_MS)
        self.page.locator(f".tab.active[data-resource-name='{name}']").wait_for(timeout=START_MS)
        self.page.locator(".editor-group-container.active .monaco-editor .view-lines").first.click(timeout=START_MS)
        if ready:
            self.status("Seed: ready")
        return self

    def status(self, text: str, timeout_ms: float = START_MS) -> Locator:
        """The status item, once it shows `text`."""
        found = self.page.locator(f".statusbar-item [aria-label*='{text}']").first
        found.wait_for(timeout=timeout_ms)
        return found

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text, delay=20)

    def go_to(self, line: int, column: int = 1) -> None:
        """Go to a line and a column, both counted from 1."""
        self.press("Control+g")
        field = self.quick_input()
        field.fill(f":{line}:{column}")
        field.press("Enter")
        self.page.locator(".quick-input-widget").wait_for(state="hidden")

    def quick_input(self) -> Locator:
        """The field of the input that opens, once it has the focus; it is visible before."""
        field = self.page.locator(".quick-input-widget input").first
        expect(field).to_be_focused(timeout=20_000)
        return field

    def select_lines(self, first: int, last: int) -> None:
        self.go_to(first)
        for _ in range(last - first + 1):
            self.press("Shift+ArrowDown")

    def select(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Select from one line and column to another, counted from 0; the end of several lines is
        that of the last one.
        """
        self.go_to(first[0] + 1, first[1] + 1)
        if first[0] == last[0]:
            self.press(*["Shift+ArrowRight"] * (last[1] - first[1]))
        else:
            self.press(*["Shift+ArrowDown"] * (last[0] - first[0]), "Shift+End")

    def choose_action(self, entry: str, keys: str = "Control+.") -> None:
        """Take an entry of the menu of actions; try again if the menu or entry does not come."""
        row = self.page.locator(".action-widget .monaco-list-row").get_by_text(f"Seed: {entry}", exact=True)
        for _ in range(5):
            self.press(keys)
            try:
                row.click(timeout=6_000)
            except NotInTime:
                self.press("Escape")
            else:
                return
        raise AssertionError(f"{entry} did not come")

    def ask_to_edit(self, instruction: str) -> None:
        """Give an own instruction for what is selected."""
        self.press("Control+Alt+e")
        self.answer("edit the selection", instruction)

    def command(self, title: str) -> None:
        self.press("F1")
        self.pick(f">{title}", title)

    def pick(self, text: str, entry: str = "") -> None:
        """Type into the input that opens, and take the entry that remains on top.

        This uses keys, since a list that is redrawn at that moment loses a click.
        """
        field = self.quick_input()
        field.fill(text)
        self.page.locator(".quick-input-list .monaco-list-row.focused", has_text=entry or text).wait_for()
        field.press("Enter")

    def answer(self, title: str, text: str) -> None:
        """Type into the input of that title, and take it."""
        self.page.locator(".quick-input-title", has_text=title).wait_for()
        self.pick(text)

    def ghost(self) -> Locator:
        """The pieces of the suggestion that is drawn."""
        return self.page.locator("[class*=ghost-text]")

    def suggested(self) -> str:
        return "".join(self.ghost().all_inner_texts()).replace("\xa0", " ")

    def hide_suggestion(self) -> None:
        """Press Escape, if a suggestion is drawn."""
        if self.ghost().count():
            self.press("Escape")
            expect(self.ghost()).to_have_count(0)

    def toast(self, text: str) -> Locator:
        """The notification with the text, once it is there; it may have moved to the list."""
        found = self.page.locator(".notification-list-item", has_text=text).first
        with contextlib.suppress(Error):
            found.wait_for(timeout=5_000)
            return found
        self.command("Notifications: Show Notifications")
        found.wait_for(timeout=30_000)
        return found

    def drawn(self, text: str, *, gone: bool = False) -> None:
        """Wait until a decoration draws the text, which is in no element, or no longer draws it."""
        found = "[...document.querySelectorAll('.view-line span')].some((e) => getComputedStyle(e, '::after').content.replaceAll('\\u00a0', ' ').includes(text))"
        self.page.wait_for_function(f"(text) => {'!' if gone else ''}{found}", arg=text, timeout=15_000)

    def lens(self, text: str, at: int = 0) -> None:
        """Click a code lens."""
        self.page.locator(".codelens-decoration a", has_text=text).nth(at).click(timeout=30_000)

    def apply_preview(self) -> None:
        """Apply what the preview has; the preview closes, and the file is changed."""
        self.press("Control+Enter")
        self.page.locator(".tab.active.dirty").first.wait_for()

    def apply_refactoring(self, picture: str = "") -> None:
        """Take what is ticked in the editor's refactor preview."""
        # The button appears before the edits, and a click on it then loses them. A row appears
        # after the edits.
        self.page.locator(".bulk-edit-panel .monaco-list-row").first.wait_for()
        if picture:
            self.picture(picture)
        self.page.get_by_role("button", name="Apply").first.click()
        self.page.locator(".tab.dirty").first.wait_for()

    def preview(self) -> str:
        """The lines of the preview that are on the screen."""
        lines = self.page.locator(".editor-group-container.active .view-line")
        placed = sorted(((line.bounding_box() or {"y": 0})["y"], line.inner_text()) for line in lines.all())
        return "\n".join(text.replace("\xa0", " ") for _, text in placed)

    def save(self) -> None:
        """Save, once the file has the focus again."""

        def clean() -> bool:
            self.press("Control+s")
            self.page.wait_for_timeout(200)
            return self.page.locator(".tab.dirty").count() == 0

        assert wait_for(clean, 10), "the file stays unsaved"

    def save_all(self) -> None:
        self.command("File: Save All")
        expect(self.page.locator(".tab.dirty")).to_have_count(0)

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=Path(PICTURES) / name)
