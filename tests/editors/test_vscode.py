"""The extension in the real VS Code, driven by keys.

The tests look at what is on the screen, and at the files.
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.store import Store
from tests.editors.conftest import APP, PICTURES, REAL_MODEL, REAL_SERVER, SHAPES, THIRD, USER, last_pid, launcher, saved
from tests.editors.vscode import Start, VSCode, Window
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def vscode(start: Start, scripted: Path) -> VSCode:
    # A check that only looks at the disk takes a folder for a model.
    return start({"seed.server.path": str(scripted), "seed.model": str(scripted.parent)})


@pytest.fixture
def window(page: Page, vscode: VSCode, workspace: Path) -> Window:
    return Window(page, vscode, workspace)


def test_tab_inserts_exactly_what_is_shown(window: Window, workspace: Path):
    """Tab inserts the suggestion as it is shown, and nothing else."""
    window.open("app.py").press("Control+End")
    window.type("value = ")
    expect(window.ghost().first).to_have_text("scripted_value()", timeout=15_000)
    window.press("Tab")
    window.save()
    saved(workspace / "app.py", APP + "value = scripted_value()")


def test_a_word_is_taken_and_escape_leaves_the_rest(window: Window, workspace: Path):
    """A user can take the first word of a suggestion alone."""
    window.open("app.py").press("Control+End")
    window.type("#say one(two) \nvalue = ")
    expect(window.ghost().first).to_have_text("one(two)", timeout=15_000)
    window.press("Control+ArrowRight")
    expect(window.ghost().first).to_have_text("(two)")
    window.press("Escape")
    expect(window.ghost()).to_have_count(0)
    window.save()
    saved(workspace / "app.py", APP + "#say one(two) \nvalue = one")


def test_what_comes_at_the_deadline_is_drawn_behind_a_letter(window: Window):
    """A completion that comes at the deadline is drawn before VS Code opens its list of words.

    VS Code waits three quarters of a second for it, and takes no suggestion once the list is open.
    """
    window.open("app.py").press("Control+End")
    window.type("#deadline \ntota")
    expect(window.ghost().first).to_have_text("scripted_value()", timeout=5_000)
    expect(window.page.locator(".suggest-widget.visible")).to_have_count(0)


def test_what_the_deadline_cut_off_grows_on_the_screen(window: Window, workspace: Path):
    """The longer text appears without a key, and Tab takes all of it."""
    window.open("app.py").press("Control+End")
    window.type("#cut \nvalue = ")
    # The short text is only there for a second, so it is looked for at each frame.
    window.ghost().filter(has_text=re.compile("^scripted_$")).first.wait_for(timeout=15_000)
    expect(window.ghost().first).to_have_text("scripted_value()", timeout=5_000)
    window.press("Tab")
    window.save()
    saved(workspace / "app.py", APP + "#cut \nvalue = scripted_value()")


HUNKS = "def report(total):\n    first = total\n    # between\n    # the\n    # two\n    # places\n    return total\n"


def test_one_change_is_left_out_and_the_rest_applied(window: Window, workspace: Path):
    """A user can leave out one change of a preview."""
    (workspace / "app.py").write_text(HUNKS)
    window.open("app.py")
    window.select_lines(1, 7)
    window.ask_to_edit("rename total=>size")
    window.page.locator(".codelens-decoration a", has_text="Apply all 2 changes").wait_for(timeout=15_000)
    shown = window.preview()
    assert "def report(total):\n" in shown
    assert "def report(size):\n" in shown
    window.lens("Leave it out", at=1)
    window.page.locator(".codelens-decoration a", has_text="Apply the change").wait_for()
    window.apply_preview()
    expect(window.page.locator(".tab", has_text="rename total")).to_have_count(0)
    window.save()
    saved(
        workspace / "app.py",
        HUNKS.replace("def report(total)", "def report(size)").replace("first = total", "first = size"),
    )


def test_single_changes_are_applied_one_after_the_other(window: Window, workspace: Path):
    """A user can apply the changes of a preview one by one."""
    (workspace / "app.py").write_text(HUNKS)
    window.open("app.py")
    window.select_lines(1, 7)
    window.ask_to_edit("rename total=>size")
    window.lens("Apply this change", at=1)
    window.page.locator(".codelens-decoration a", has_text="Apply the change").wait_for()
    window.lens("Apply the change")
    expect(window.page.locator(".tab", has_text="rename total")).to_have_count(0)
    window.save()
    saved(workspace / "app.py", HUNKS.replace("total", "size"))


def test_an_instruction_and_its_draft(window: Window, workspace: Path):
    """The draft is shown before the answer, and the instruction is offered again the next time."""
    window.open("app.py")
    window.select_lines(4, 8)
    window.ask_to_edit("slowly total=>result")
    window.page.locator(".codelens-decoration a", has_text="denoising").wait_for()
    assert wait_for(lambda: "░" in window.preview())
    assert wait_for(lambda: "result = 0" in window.preview())
    window.picture("denoising.png")
    assert "return total" in window.preview(), "the old code waits until it is written anew"
    window.page.locator(".codelens-decoration a", has_text="Apply").first.wait_for(timeout=15_000)
    window.apply_preview()
    window.save()
    saved(workspace / "app.py", APP.replace("total", "result"))
    window.select_lines(4, 8)
    window.press("Control+Alt+e")
    window.page.locator(".quick-input-title", has_text="edit the selection").wait_for()
    window.page.locator(".quick-input-list .monaco-list-row", has_text="slowly total=>result").first.wait_for()


def test_a_stale_edit_is_refused(window: Window, workspace: Path):
    """A preview is not applied to a text that changed since it was made."""
    window.open("app.py")
    window.select_lines(4, 8)
    window.ask_to_edit("rename total=>result")
    window.page.locator(".codelens-decoration a", has_text="Apply").first.wait_for(timeout=15_000)
    window.page.locator(".tab", has_text="app.py").first.click()
    window.press("Control+End")
    window.type("#")
    window.page.locator(".tab", has_text="rename total").click()
    window.page.locator(".editor-group-container.active .view-lines").click()
    window.press("Control+Enter")
    window.toast("the file changed since the preview was made; nothing was applied")
    window.page.locator(".tab", has_text="app.py").first.click()
    window.save()
    saved(workspace / "app.py", APP + "#")


def test_escape_ends_an_edit_under_way(window: Window, workspace: Path):
    """A cancelled edit frees the engine, and the file stays as it was."""
    window.open("app.py")
    window.select_lines(4, 8)
    window.ask_to_edit("slow total=>result")
    window.page.locator(".codelens-decoration a", has_text="denoising").wait_for()
    window.press("Escape")
    expect(window.page.locator(".tab", has_text="slow total")).to_have_count(0)
    # The engine is free at once.
    window.press("Control+End")
    window.type("value = ")
    expect(window.ghost().first).to_have_text("scripted_value()", timeout=5_000)
    assert (workspace / "app.py").read_text() == APP


def test_what_is_refused_is_said(window: Window, workspace: Path):
    """The user reads why an edit was refused, and no preview stays open."""
    window.open("app.py")
    window.select_lines(4, 8)
    window.ask_to_edit("broken")
    window.toast("does not parse in its place")
    expect(window.page.locator(".tab", has_text="broken")).to_have_count(0)


WRONG = "const n: number = 'y'; //#replace 'y'=>7\n"


def test_what_the_editors_checker_reports_is_fixed(window: Window, workspace: Path):
    """A report of VS Code's own TypeScript has a fix in the menu, which is looked at first."""
    (workspace / "app.ts").write_text(WRONG)
    window.open("app.ts").go_to(1, 8)
    window.page.locator(".squiggly-error").first.wait_for(timeout=60_000)
    window.choose_action("Fix: Type 'string' is not assignable to type 'number'. (2322)")
    window.page.locator(".codelens-decoration a", has_text="Apply the change").wait_for(timeout=15_000)
    assert wait_for(lambda: "const n: number = 7" in window.preview())
    window.drawn("ts was not run again")
    window.apply_preview()
    window.save()
    saved(workspace / "app.ts", WRONG.replace("'y'", "7"))


def test_tests_are_shown_before_they_are_made(window: Window, workspace: Path):
    """A new file is previewed, and made and shown after a yes; no selection is needed."""
    (workspace / "shapes.py").write_text(TESTED)
    window.open("shapes.py").go_to(1, 6)
    window.choose_action("Generate tests for area")
    window.page.locator(".codelens-decoration a", has_text="Make test_shapes.py").wait_for(timeout=15_000)
    assert wait_for(lambda: MADE.strip() in window.preview())
    assert not (workspace / "tests").exists()
    window.apply_preview()
    window.page.locator(".tab.active[data-resource-name='test_shapes.py']").wait_for()
    window.save()
    saved(workspace / "tests" / "test_shapes.py", MADE)
    saved(workspace / "shapes.py", TESTED)


TESTED = "def area(width, height):  #answer _of_a_square():\\n    assert area(2, 2) == 4\n    return width * height\n"
MADE = "from shapes import area\n\n\ndef test_area_of_a_square():\n    assert area(2, 2) == 4\n"


def test_rename_over_three_files(window: Window, workspace: Path):
    """A rename reaches open and closed files."""
    window.open("shapes.py").go_to(1, 6)
    window.command("Seed: Rename and update call sites")
    window.answer("rename and update", "surface")
    window.apply_refactoring()
    window.save_all()
    for name, text in {"shapes.py": SHAPES, "use.py": USER, "third.py": THIRD}.items():
        saved(workspace / name, text.replace("area", "surface"))


def test_what_is_not_certain_is_ticked_in_the_refactor_preview(window: Window, workspace: Path):
    """An uncertain change is only made if the user ticks it."""
    (workspace / "third.py").write_text("# area of shapes\n")
    window.open("shapes.py").go_to(1, 6)
    window.command("Seed: Rename and update call sites")
    window.answer("rename and update", "surface")
    window.apply_refactoring(picture="refactor-preview.png")
    window.save_all()
    saved(workspace / "shapes.py", SHAPES.replace("area", "surface"))
    saved(workspace / "use.py", USER.replace("area", "surface"))
    saved(workspace / "third.py", "# area of shapes\n")


def test_a_new_signature(window: Window, workspace: Path):
    """The user edits the present signature and says what calls pass; all calls follow."""
    window.open("shapes.py").go_to(1, 6)
    window.command("Seed: Change signature")
    field = window.quick_input()
    expect(field).to_have_value("(width, height)", timeout=15_000)
    field.fill("(width, height, unit)")
    window.press("Enter")
    window.page.locator(".quick-input-title", has_text="what do the calls pass for unit").wait_for()
    window.quick_input().fill('"m"')
    window.press("Enter")
    window.apply_refactoring()
    window.save_all()
    saved(workspace / "shapes.py", SHAPES.replace("width, height)", "width, height, unit)").replace("1, 2", '1, 2, "m"'))
    saved(workspace / "third.py", THIRD.replace("5, 6", '5, 6, "m"'))


TYPED = "function fetchAll(url: string) {\n  return url;\n}\n\nconst a = fetchAll('x'); //#replace 'x')=>'x', 10)\nconst b: number = 'y';\n"
CALLS = "def size(a, b):\n    return a * b\n\n\na = area(1, 2)\nb = area(3, 4)\n" + "d = 0\n" * 60 + "c = area(5, 6)\n"


def change_the_first_call(window: Window) -> None:
    window.go_to(5, 5)
    for _ in range(4):
        window.press("Shift+ArrowRight")
    window.type("size")
    window.press("Escape")
    window.drawn("Tab to go to line 6")


def test_next_edits_are_gone_to_and_taken_with_tab(window: Window, workspace: Path):
    """Tab goes to each next edit and takes it, near and far."""
    (workspace / "app.py").write_text(CALLS)
    window.open("app.py")
    change_the_first_call(window)
    window.picture("next-edit.png")
    window.press("Tab")
    window.drawn("Tab to accept")
    window.press("Tab")
    window.drawn("Tab to go to line 67")
    window.press("Tab", "Tab")
    window.save()
    saved(workspace / "app.py", CALLS.replace("area", "size"))


def test_what_the_editors_checker_reports_is_a_next_edit(window: Window, workspace: Path):
    """VS Code's own TypeScript finds the call that misses the parameter, after we were asked."""
    (workspace / "app.ts").write_text(TYPED)
    window.open("app.ts").go_to(1, 30)
    # The squiggle shows that the checker is at work.
    window.page.locator(".squiggly-error").first.wait_for(timeout=60_000)
    window.type(", limit: number")
    # Tab may belong to a list of words, or to a suggestion; which of them comes is a matter of
    # milliseconds. At the end of the line no list comes.
    window.press("End")
    window.drawn("Tab to go to line 5")
    window.hide_suggestion()
    window.press("Tab", "Tab")
    window.save()
    saved(workspace / "app.ts", TYPED.replace(": string", ": string, limit: number").replace("'x')", "'x', 10)"))


def test_a_next_edit_is_dismissed_and_tab_is_not_taken_from_indentation(window: Window, workspace: Path):
    """Tab still indents where a user wants it to, and Escape dismisses a next edit."""
    (workspace / "app.py").write_text(CALLS)
    window.open("app.py")
    change_the_first_call(window)
    window.press("Home")
    # The editor learns of the cursor and updates its keys a moment later; no hand is that fast.
    window.page.wait_for_timeout(300)
    window.press("Tab")
    window.save()
    saved(workspace / "app.py", CALLS.replace("a = area(1", "    a = size(1"))
    window.press("Shift+Tab")
    window.drawn("Tab to go to line 6")
    window.press("Escape")
    window.drawn("Tab to go to line 6", gone=True)
    window.press("End", "Tab")
    window.save()
    assert (workspace / "app.py").read_text().count("size(") == 2


def test_typing_on_ends_what_is_under_way(window: Window, workspace: Path):
    """A request that would take twenty seconds gives way to the next key's."""
    window.open("app.py").press("Control+End")
    window.type("#slow one\nq = ")
    window.status("Seed")
    window.page.wait_for_timeout(600)
    window.type("1  #\nvalue = ")
    expect(window.ghost().first).to_have_text("scripted_value()", timeout=8_000)


def test_a_killed_server_comes_back(window: Window, workspace: Path, scripted: Path):
    """Suggestions come again by themselves after the server has died."""
    window.open("app.py").press("Control+End")
    before = last_pid(scripted)
    os.kill(before, signal.SIGKILL)
    assert wait_for(lambda: last_pid(scripted) != before, 20)
    # The status item still shows the old server for a moment.
    window.page.wait_for_timeout(500)
    window.status("Seed: ready")
    window.type("value = ")
    expect(window.ghost().first).to_have_text("scripted_value()", timeout=15_000)
    window.press("Tab")
    window.save()
    saved(workspace / "app.py", APP + "value = scripted_value()")


def choose(window: Window, entry: str) -> None:
    window.page.locator(".statusbar-item", has_text="Seed").click()
    window.pick(entry)


def test_the_menu_pauses_and_resumes(window: Window, workspace: Path):
    """Nothing is suggested during a pause, and the status item shows the pause."""
    window.open("app.py").press("Control+End")
    choose(window, "Pause")
    window.status("Seed: paused")
    window.page.locator(".editor-group-container.active .view-lines").first.click()
    window.press("Control+End")
    window.type("value = ")
    window.page.wait_for_timeout(1500)
    expect(window.ghost()).to_have_count(0)
    choose(window, "Resume")
    window.status("Seed: ready")
    window.page.locator(".editor-group-container.active .view-lines").first.click()
    window.press("Control+End", "Backspace")
    window.type(" ")
    expect(window.ghost().first).to_have_text("scripted_value()", timeout=15_000)


def test_the_menu_shows_the_doctor_and_the_log(window: Window, workspace: Path):
    """A user finds out from the menu what is wrong."""
    window.open("app.py")
    choose(window, "Run the doctor")
    expect(window.page.locator(".editor-group-container.active .view-lines").first).to_contain_text("grammars", timeout=60_000)


def test_the_workspace_cannot_choose_the_server_before_it_is_trusted(page: Page, start: Start, scripted: Path, workspace: Path):
    """A program that the workspace's settings name does not run before the user trusts it.

    The server of the user's settings is started instead.
    """
    evil = launcher(workspace / "tools")
    (workspace / ".vscode").mkdir()
    (workspace / ".vscode" / "settings.json").write_text(f'{{"seed.server.path": "{evil}"}}')
    settings = {"seed.server.path": str(scripted), "seed.model": str(scripted.parent), "security.workspace.trust.startupPrompt": "never"}
    window = Window(page, start({**settings, "security.workspace.trust.untrustedFiles": "open"}, trust=True), workspace)
    window.open("app.py").press("Control+End")
    window.type("value = ")
    expect(window.ghost().first).to_have_text("scripted_value()", timeout=15_000)
    assert not (workspace / "tools" / "pids").exists()


def test_a_missing_model_is_offered_and_not_fetched_unasked(page: Page, start: Start, workspace: Path, tmp_path: Path):
    """Gigabytes are only downloaded when the user asks for them."""
    server = launcher(tmp_path / "server", cache=tmp_path / "cache")
    window = Window(page, start({"seed.server.path": str(server), "seed.model": REAL_MODEL}), workspace)
    window.open("app.py", ready=False)
    toast = window.toast(f"the model {REAL_MODEL}")
    expect(toast).to_contain_text("is not on this machine yet. Download it?")
    expect(toast.get_by_role("button", name="Download")).to_be_visible()
    window.page.wait_for_timeout(1000)
    assert not list((tmp_path / "cache").rglob("*.gguf*"))


def test_a_model_is_fetched_after_a_yes_with_progress_and_the_fetch_is_cancelled(page: Page, start: Start, workspace: Path, tmp_path: Path):
    """A download shows its progress, and leaves no file when it is cancelled."""
    server = launcher(tmp_path / "server", cache=tmp_path / "cache")
    window = Window(page, start({"seed.server.path": str(server), "seed.model": REAL_MODEL}), workspace)
    window.open("app.py", ready=False)
    window.toast(f"the model {REAL_MODEL}").get_by_role("button", name="Download").click()
    window.status(f"Seed: fetching {REAL_MODEL}")
    window.toast(f"Seed: fetching {REAL_MODEL}").get_by_role("button", name="Cancel").click()
    window.status("Seed: ready")
    assert not (tmp_path / "cache" / "models").exists() or not list((tmp_path / "cache" / "models").rglob("*.gguf"))


def test_a_model_is_chosen_in_the_menu(window: Window):
    """A model that is chosen in the menu is used at once."""
    window.open("app.py")
    choose(window, "Choose the model")
    window.pick(REAL_MODEL)
    window.status(f"ready · {REAL_MODEL}")


REAL_SHAPES = '''"""Areas of simple shapes."""

import math


def circle(radius):
    return math.pi * radius**2


def ring(outer, inner):
    area = circle(outer) - circle(inner)
    if area < 0:
        return 0.0
    return area


def mean(areas):
    """The mean of some areas."""
'''
MODEL = "qwen2.5-coder-1.5b" if PICTURES else REAL_MODEL
"""The model; the pictures show what users get by default, the tests take a small one for speed."""


@pytest.fixture(scope="module")
def real(start: Start) -> VSCode:
    """A VS Code with nothing scripted: the server, the engine and its model are real."""
    Store().locate(MODEL)
    # Only the texts matter here. On a cold, busy machine the deadline would cut them; it has tests
    # of its own.
    settings = {"seed.server.path": str(REAL_SERVER), "seed.model": MODEL, "seed.inline.typingDeadlineMs": 4000}
    return start({**settings, "editor.fontSize": 15 if PICTURES else 14})


@pytest.mark.model
def test_the_real_model_completes(page: Page, real: VSCode, workspace: Path):
    """A user gets a useful completion from the real model, with nothing scripted."""
    (workspace / "shapes.py").write_text(REAL_SHAPES)
    window = Window(page, real, workspace).open("shapes.py")
    window.press("Control+End")
    # The model is loaded when the file is shown; a key that comes earlier gets no suggestion.
    window.type("    return ")
    for _ in range(20):
        if wait_for(lambda: window.suggested().startswith("sum(areas)"), 3):
            break
        window.press("Backspace")
        window.type(" ")
    shown = window.suggested()
    window.picture("completion.png")
    window.press("Tab")
    window.save()
    saved(workspace / "shapes.py", REAL_SHAPES + "    return " + shown)
    assert shown.startswith("sum(areas)"), shown


@pytest.mark.model
def test_the_real_model_rewrites(page: Page, real: VSCode, workspace: Path):
    """A user gets the change that the instruction asks for, with nothing scripted."""
    (workspace / "shapes.py").write_text(REAL_SHAPES)
    window = Window(page, real, workspace).open("shapes.py")
    window.select_lines(10, 14)
    window.ask_to_edit("Raise a ValueError instead of returning 0.0")
    window.page.locator(".codelens-decoration a", has_text="Apply").first.wait_for(timeout=60_000)
    window.picture("preview.png")
    window.apply_preview()
    window.save()
    assert wait_for(lambda: "raise ValueError(" in (workspace / "shapes.py").read_text())
    assert "return 0.0" not in (workspace / "shapes.py").read_text()
