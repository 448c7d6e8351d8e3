"""What the tests in real editors share: where the editors are, their servers, a workspace."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.waiting import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.editors.vscode import Start, VSCode

ROOT = Path(__file__).parents[2]
HOSTS = Path(os.environ.get("SEED_HOSTS", ROOT / ".hosts"))
REAL_SERVER = Path(sysconfig.get_path("scripts")) / "seed-lsp"
REAL_MODEL = "qwen2.5-coder-0.5b"
# Without the packages that drive the editors these modules cannot be imported. `make test-editors`
# installs the packages and runs all tests.
collect_ignore = (
    []
    if find_spec("pynvim") and find_spec("playwright")
    else ["test_first_start.py", "test_nvim.py", "test_nvim_actions.py", "test_vscode.py", "test_vscode_actions.py"]
)

PICTURES = os.environ.get("SEED_PICTURES")
"""The folder for pictures of the editors, for the READMEs; without it none are made."""


APP = "import shapes\n\n\ndef report(items):\n    total = 0\n    for item in items:\n        total += item\n    return total\n\n\nprint(report([1]))\n"
SHAPES = "def area(width, height):\n    return width * height\n\n\nprint(area(1, 2))\n"
USER = "from shapes import area\n\nprint(area(3, 4))\n"
THIRD = "import shapes\n\nprint(shapes.area(5, 6))\n"


FOLDER = "büro & co #1"
"""The workspace's name.

An address escapes its blanks, its umlaut and its `#`, and each editor does so in its own way.
"""

MESSAGES, CHARACTERS = 60, 2000
"""How many messages, and how many characters of the window's text, a failing test shows."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder, since they drive a real editor."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.editor)


@pytest.fixture(scope="session")
def hosts() -> Path:
    if not HOSTS.is_dir():
        pytest.fail(f"the editors are not at {HOSTS}; run: make test-editors", pytrace=False)
    return HOSTS


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    from tests.editors.vscode import CHROMIUM

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("there is no chromium; run: make test-editors", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def start(hosts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start a VS Code, which is stopped after the last test."""
    from tests.editors.vscode import VSIX, VSCode

    if not VSIX.exists():
        pytest.fail("there is no seed-lsp.vsix; run: make test-editors", pytrace=False)
    running: list[VSCode] = []

    def run(settings: dict[str, object], **more: object) -> VSCode:
        running.append(VSCode(hosts, tmp_path_factory.mktemp("vscode"), settings, **more))
        return running[-1]

    yield run
    for vscode in running:
        vscode.stop()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    for name, text in {"app.py": APP, "shapes.py": SHAPES, "use.py": USER, "third.py": THIRD}.items():
        (folder / name).write_text(text)
    return folder


def launcher(folder: Path, *, cache: Path | None = None) -> Path:
    """A program that serves as `seed-lsp` does, but with the scripted engine.

    It writes its process ids to the file ``pids`` beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "seed-lsp"
    lines = [
        "#!/bin/sh",
        f'export PYTHONPATH="{ROOT}" SEED_LSP_STATISTICS="{folder}/statistics.json"',
        f'export SEED_LSP_CACHE="{cache}"' if cache else "",
        f'if [ "$1" = serve ]; then echo $$ >> "{folder}/pids"; exec "{sys.executable}" -m benchmarks.robustness.scripted; fi',
        f'exec "{sys.executable}" -m seed_lsp "$@"',
    ]
    script.write_text("\n".join(lines) + "\n")
    script.chmod(0o755)
    return script


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server with the scripted engine."""
    return launcher(tmp_path_factory.mktemp("server"))


def last_pid(script: Path) -> int:
    return int((script.parent / "pids").read_text().split()[-1])


def saved(path: Path, text: str) -> None:
    """Wait until the file has exactly that text."""
    assert wait_for(lambda: path.read_text() == text, 15), f"{path.name} is {path.read_text()!r}, not {text!r}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the window and the last messages with the server, if a test in VS Code fails."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if call.when == "call" and report.failed and page is not None:
        path = Path(tempfile.gettempdir()) / f"{item.name}.png"
        page.screenshot(path=path)
        report.sections.append(("the window", f"{path}\n{page.locator('body').inner_text()[-CHARACTERS:]}"))
        logs = item.funcargs["tmp_path_factory"].getbasetemp().glob("vscode*/traffic.log")
        if newest := max(logs, key=lambda log: log.stat().st_mtime, default=None):
            lines = newest.read_text(errors="replace").splitlines()
            report.sections.append(("the server's messages", "\n".join(lines[-MESSAGES:])))
    return report
