"""Each action in the real VS Code, chosen in its menus, and undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from seed_lsp.features.refactor import registry
from tests.editors.action_cases import CASES, EXPLAINED, EXPLANATION, OWN_CASES, PROJECT, Case
from tests.editors.conftest import saved
from tests.editors.vscode import Start, Window

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One window for all cases, which takes as long to open as several of them."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


@pytest.fixture(scope="module")
def window(page: Page, start: Start, scripted: Path, workspace: Path) -> Window:
    """A window whose engine is at work."""
    (workspace / "first.py").write_text("")
    window = Window(page, start({"seed.server.path": str(scripted), "seed.model": str(scripted.parent)}), workspace)
    window.open("first.py")
    # A new name has two seconds, in which no engine has to start.
    window.type("value = ")
    window.ghost().first.wait_for()
    window.press("Escape")
    window.save()
    return window


def open_file(window: Window, name: str, text: str) -> None:
    """Write a file, and open it once the explorer has it."""
    (window.workspace / name).write_text(text)
    window.open(name)


def is_undone(window: Window, path: Path, text: str) -> None:
    """One undo brings the text back."""
    # The preview that closes takes the focus along for a moment.
    window.page.locator(".editor-group-container.active .monaco-editor .view-lines").first.click()
    window.press("Control+z")
    window.save()
    saved(path, text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action)
def test_an_action_is_chosen_and_undone(window: Window, case: Case):
    """What is computed is applied at once, what the model wrote after a look; Ctrl+Z undoes it."""
    action = registry.find_action(case.action)
    name = f"{case.action}_{case.file}" if case.made is None else case.file
    path = window.workspace / name
    open_file(window, name, case.text)
    window.select(*case.places)
    if case.report:
        window.page.locator(".squiggly-error").first.wait_for(timeout=60_000)
    window.choose_action(case.entry, "Control+." if action.kind in {"quickfix", "refactor"} else "Control+Shift+r")
    if action.needs_model:
        window.page.locator(".codelens-decoration a", has_text="Apply" if case.made is None else "Make").first.wait_for()
        assert path.read_text() == case.text
        window.apply_preview()
    if case.made is not None:
        made, text = case.made
        window.page.locator(f".tab.active[data-resource-name='{Path(made).name}']").wait_for()
        window.save()
        saved(window.workspace / made, text)
        saved(path, case.text)
        return
    window.page.locator(f".tab.active.dirty[data-resource-name='{name}']").wait_for()
    window.save()
    saved(path, case.wanted)
    is_undone(window, path, case.text)


@pytest.mark.parametrize("case", OWN_CASES, ids=lambda case: case.entry)
def test_an_own_instruction_is_carried_out_and_undone(window: Window, case: Case):
    """The user's words do what they say after a look, and Ctrl+Z undoes it."""
    name = f"own_{len(case.entry)}.py"
    open_file(window, name, case.text)
    window.select(*case.places)
    window.ask_to_edit(case.entry)
    window.page.locator(".codelens-decoration a", has_text="Apply").first.wait_for()
    window.apply_preview()
    window.save()
    saved(window.workspace / name, case.wanted)
    is_undone(window, window.workspace / name, case.text)


def test_code_is_explained_beside_it(window: Window):
    """The explanation is shown, and the code stays as it is."""
    text = EXPLAINED.replace("⟦⟧", "")
    open_file(window, "explained.py", text)
    window.go_to(1)
    window.command("Seed: Explain selection")
    # Its document begins with it, and the code does not; the blanks are no plain ones.
    window.page.locator(".view-lines", has_text=re.compile("^" + EXPLANATION.replace(" ", "."))).wait_for()
    assert (window.workspace / "explained.py").read_text() == text
    assert window.page.locator(".tab.dirty[data-resource-name='explained.py']").count() == 0
