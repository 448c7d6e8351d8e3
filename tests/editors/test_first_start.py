"""The first start in the real VS Code without a server: the extension brings its own."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.store import Store
from tests.editors.conftest import REAL_MODEL, launcher
from tests.editors.vscode import VSIX, Start, Window
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(300)

SET_UP_MS = 200_000
"""The time that a busy machine may take to make an environment; ten seconds are usual."""
REAL_SET_UP_MS = 900_000
"""The same with all that pip loads, such as torch; two minutes are usual."""


def path_without_server(*first: Path) -> str:
    """PATH without the folders in which somebody has installed seed-lsp."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join([*map(str, first), *(folder for folder in folders if not (Path(folder) / "seed-lsp").exists())])


def carrying(server: Path, folder: Path) -> Path:
    """The extension as it ships, but with another wheel.

    The wheel has a seed-lsp that runs `server`, and needs no packages of an index.
    """
    wheel, vsix = folder / "seed_lsp-9.0-py3-none-any.whl", folder / "seed-lsp.vsix"
    info = "seed_lsp-9.0.dist-info"
    files = {
        "served.py": f"import os, sys\n\ndef main():\n    os.execv({str(server)!r}, [{str(server)!r}, *sys.argv[1:]])\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: seed-lsp\nVersion: 9.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nseed-lsp = served:main\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    with zipfile.ZipFile(VSIX) as shipped, zipfile.ZipFile(vsix, "w") as changed:
        for name in shipped.namelist():
            if not name.endswith(".whl"):
                changed.writestr(name, shipped.read(name))
        changed.write(wheel, f"extension/server/{wheel.name}")
    return vsix


def suggests(window: Window) -> None:
    """Wait until the suggestion of the scripted engine is shown."""
    window.page.locator(".editor-group-container.active .view-lines").first.click()
    window.press("Control+End")
    window.type("value = ")
    expect(window.ghost().first).to_have_text("scripted_value()", timeout=15_000)


def test_the_server_is_set_up_from_the_wheel_in_the_extension(page: Page, start: Start, workspace: Path, tmp_path: Path):
    """A user only has to install the extension.

    The seed-lsp of the project's own interpreter is not used.
    """
    vsix = carrying(launcher(tmp_path / "server"), tmp_path)
    project = launcher(workspace / ".venv" / "bin")
    settings = {"python.defaultInterpreterPath": str(project.parent / "python"), "seed.model": str(tmp_path)}
    vscode = start(settings, vsix=vsix, env={"PATH": path_without_server(project.parent)})
    window = Window(page, vscode, workspace).open("app.py", ready=False)
    window.status("Seed: ready", SET_UP_MS)
    suggests(window)
    assert not (project.parent / "pids").exists()
    environment = next(vscode.storage.glob("server-*"))
    assert (environment / "finished").exists()


def test_a_server_on_path_is_taken_as_it_is(page: Page, start: Start, workspace: Path, tmp_path: Path):
    """A user who has installed seed-lsp as a tool gets no second one."""
    server = launcher(tmp_path / "tools")
    vscode = start({"seed.model": str(tmp_path)}, env={"PATH": path_without_server(server.parent)})
    suggests(Window(page, vscode, workspace).open("app.py"))
    assert (server.parent / "pids").exists()
    assert not list(vscode.storage.glob("server-*"))


def test_without_a_python_that_serves_it_says_what_to_do(page: Page, start: Start, workspace: Path, tmp_path: Path):
    """A user without a suitable Python is told which one to install, and can try again."""
    vscode = start({"seed.server.python": str(tmp_path / "python3.9"), "seed.model": str(tmp_path)}, env={"PATH": path_without_server()})
    window = Window(page, vscode, workspace).open("app.py", ready=False)
    toast = window.toast("the server could not be set up")
    expect(toast).to_contain_text("it needs Python 3.10 to 3.14, and none was found")
    expect(toast.get_by_role("button", name="Try again")).to_be_visible()
    assert not list(vscode.storage.glob("server-*"))


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.timeout(1200)
def test_the_extension_as_it_ships_completes_with_nothing_else_installed(page: Page, start: Start, workspace: Path):
    """Nothing else has to be installed, with nothing scripted.

    The wheel in the extension, what pip loads for it, the server, the engine and its model are
    real.
    """
    Store().locate(REAL_MODEL)
    vscode = start({"seed.model": REAL_MODEL, "seed.inline.typingDeadlineMs": 4000}, env={"PATH": path_without_server()})
    try:
        (workspace / "shapes.py").write_text("def area(width, height):\n")
        window = Window(page, vscode, workspace).open("shapes.py", ready=False)
        window.status("Seed: ready", REAL_SET_UP_MS)
        window.page.locator(".editor-group-container.active .view-lines").first.click()
        window.press("Control+End")
        # The model is loaded when the file is shown; a key that comes earlier gets no suggestion.
        window.type("    return ")
        for _ in range(20):
            if wait_for(lambda: window.suggested().startswith("width * height"), 3):
                break
            window.press("Backspace")
            window.type(" ")
        assert window.suggested().startswith("width * height")
    finally:
        vscode.stop()
        # The environment has some 1.3 GB, and pytest would keep the folders of three runs.
        shutil.rmtree(vscode.storage)
