"""The plugin in the real Neovim, 0.12 and 0.11, driven by keys.

The tests look at what is drawn, and at the buffer.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.store import Store
from tests.editors.conftest import APP, FOLDER, REAL_MODEL, REAL_SERVER, ROOT, SHAPES, THIRD, USER, last_pid, launcher
from tests.editors.neovim import BINARIES, Neovim

pytestmark = pytest.mark.timeout(120)

Start = Callable[..., Neovim]


@pytest.fixture(params=list(BINARIES))
def start(request: pytest.FixtureRequest, hosts: Path, tmp_path: Path) -> Iterator[Start]:
    running: list[Neovim] = []

    def run(server: Path, options: str = "") -> Neovim:
        folder = tmp_path / f"nvim{len(running)}"
        folder.mkdir()
        running.append(Neovim(hosts / BINARIES[request.param], folder, server, options))
        return running[-1]

    yield run
    for one in running:
        one.stop()


@pytest.fixture
def nvim(start: Start, scripted: Path) -> Neovim:
    return start(scripted, f"settings = {{ model = {str(scripted.parent)!r} }}")


def test_tab_inserts_exactly_what_is_drawn(nvim: Neovim, workspace: Path):
    """Tab inserts the suggestion as it is drawn, and the cursor stands behind it."""
    nvim.open(workspace / "app.py").keys("Govalue = ")
    nvim.wait(lambda: nvim.drawn("suggestion") == "scripted_value()")
    nvim.keys("<Tab>")
    nvim.wait(lambda: nvim.text == APP + "value = scripted_value()\n")
    nvim.keys("# more<Esc>")
    nvim.wait(lambda: nvim.text.endswith("value = scripted_value()# more\n"), 5)


def test_a_plugin_without_settings_is_no_mistake(start: Start, scripted: Path, workspace: Path):
    """Whoever calls `setup()` as the README says is warned of nothing but the missing model."""
    nvim = start(scripted).open(workspace / "app.py")
    nvim.keys("Govalue = ")
    nvim.wait(lambda: nvim.drawn("suggestion") == "scripted_value()")
    assert "settings" not in nvim.said()


def test_without_a_suggestion_tab_is_tab(nvim: Neovim, workspace: Path):
    """The plugin never takes the Tab key from a user to whom nothing is suggested."""
    nvim.open(workspace / "app.py").keys("GoX<Tab>Y<Esc>")
    nvim.wait(
        lambda: nvim.api.current.line.startswith("X") and nvim.api.current.line.endswith("Y") and nvim.api.current.line[1:-1].isspace()
    )


def test_a_word_and_then_the_rest(nvim: Neovim, workspace: Path):
    """A user can take a suggestion word by word."""
    nvim.open(workspace / "app.py").keys("Go#say one(two)<CR>value = ")
    nvim.wait(lambda: nvim.drawn("suggestion") == "one(two)")
    nvim.keys("<M-w>")
    nvim.wait(lambda: nvim.api.current.line == "value = one")
    nvim.wait(lambda: nvim.drawn("suggestion") == "(two)")
    nvim.keys("<M-l>")
    nvim.wait(lambda: nvim.api.current.line == "value = one(two)")


def test_typing_along_keeps_what_is_left(nvim: Neovim, workspace: Path):
    """A key that accepts before the next answer comes takes only the rest."""
    nvim.open(workspace / "app.py").keys("Govalue = ")
    nvim.wait(lambda: nvim.drawn("suggestion") == "scripted_value()")
    nvim.keys("scrip<Tab>")
    nvim.wait(lambda: nvim.api.current.line == "value = scripted_value()")


def test_what_the_deadline_cut_off_grows_on_the_screen(nvim: Neovim, workspace: Path):
    """The longer text appears without a key, and Tab takes all of it."""
    nvim.open(workspace / "app.py").keys("Go#cut <CR>value = ")
    nvim.wait(lambda: nvim.drawn("suggestion") == "scripted_")
    nvim.wait(lambda: nvim.drawn("suggestion") == "scripted_value()", 5)
    nvim.keys("<Tab>")
    nvim.wait(lambda: nvim.api.current.line == "value = scripted_value()")


def test_escape_takes_the_suggestion_away(nvim: Neovim, workspace: Path):
    """Escape hides the suggestion and leaves the text alone."""
    nvim.open(workspace / "app.py").keys("Govalue = ")
    nvim.wait(lambda: nvim.drawn("suggestion") != "")
    nvim.keys("<Esc>")
    nvim.wait(lambda: nvim.drawn("suggestion") == "")
    assert nvim.text == APP + "value = \n"


def test_an_edit_is_drafted_previewed_and_applied(nvim: Neovim, workspace: Path):
    """An edit is only applied after the preview, and one undo takes it back."""
    nvim.open(workspace / "app.py").api.command("4,8SeedEdit slowly total=>result")
    nvim.wait(lambda: "░" in nvim.text)
    nvim.wait(lambda: "result = 0" in nvim.text and "return total" in nvim.text)
    nvim.wait(lambda: "apply all" in nvim.lua("return vim.wo.winbar"))
    assert nvim.text == APP.replace("total", "result")
    assert nvim.lua("return vim.wo.diff")
    assert nvim.buffer_of("app.py") == APP
    nvim.picture("preview.png")
    nvim.keys("<CR>")
    nvim.wait(lambda: nvim.text == APP.replace("total", "result"))
    assert nvim.api.current.buffer.name.endswith("app.py")
    assert not nvim.lua("return vim.wo.diff")
    nvim.keys("u")
    nvim.wait(lambda: nvim.text == APP)


TWO = "def report(total):\n    first = total\n" + "    # between\n" * 9 + "    return total\n"


def test_one_change_is_left_out_and_the_rest_applied(nvim: Neovim, workspace: Path):
    """A user can leave out one change of a preview."""
    (workspace / "app.py").write_text(TWO)
    nvim.open(workspace / "app.py").api.command("1,12SeedEdit rename total=>size")
    nvim.wait(lambda: "apply all" in nvim.lua("return vim.wo.winbar"))
    nvim.keys("Gx")
    nvim.wait(lambda: nvim.text == TWO.replace("total", "size", 2))
    nvim.keys("<CR>")
    nvim.wait(lambda: nvim.buffer_of("app.py") == TWO.replace("total", "size", 2) and nvim.api.current.buffer.name.endswith("app.py"))


def test_changes_are_applied_one_by_one(nvim: Neovim, workspace: Path):
    """A user can apply the changes of a preview one by one."""
    (workspace / "app.py").write_text(TWO)
    nvim.open(workspace / "app.py").api.command("1,12SeedEdit rename total=>size")
    nvim.wait(lambda: "apply all" in nvim.lua("return vim.wo.winbar"))
    nvim.keys("Ga")
    nvim.wait(lambda: nvim.buffer_of("app.py").endswith("return size\n"))
    assert nvim.buffer_of("app.py").startswith("def report(total)")
    nvim.keys("gga")
    nvim.wait(lambda: nvim.text == TWO.replace("total", "size") and nvim.api.current.buffer.name.endswith("app.py"))


def test_a_stale_edit_is_refused(nvim: Neovim, workspace: Path):
    """A preview is not applied to a text that changed since it was made."""
    nvim.open(workspace / "app.py").api.command("4,8SeedEdit rename total=>result")
    nvim.wait(lambda: "apply all" in nvim.lua("return vim.wo.winbar"))
    [source] = [one for one in nvim.api.buffers if one.name.endswith(f"/{FOLDER}/app.py")]
    source.append("#")
    nvim.keys("<CR>")
    nvim.wait(lambda: "changed since the preview was made; nothing was applied" in nvim.said())
    assert nvim.buffer_of("app.py") == APP + "#\n"
    nvim.keys("q")
    nvim.wait(lambda: nvim.api.current.buffer.name.endswith("app.py"))


def test_an_edit_under_way_is_cancelled(nvim: Neovim, workspace: Path):
    """A cancelled edit frees the engine for the next suggestion."""
    nvim.open(workspace / "app.py").api.command("4,8SeedEdit slow")
    nvim.wait(lambda: "denoising" in nvim.lua("return vim.wo.winbar"))
    nvim.keys("q")
    nvim.wait(lambda: nvim.api.current.buffer.name.endswith("app.py"))
    nvim.keys("Govalue = ")
    nvim.wait(lambda: nvim.drawn("suggestion") == "scripted_value()", 5)


def test_what_is_refused_is_said(nvim: Neovim, workspace: Path):
    """The user reads why an edit was refused, and no preview stays open."""
    nvim.open(workspace / "app.py").api.command("4,8SeedEdit broken")
    nvim.wait(lambda: "does not parse in its place" in nvim.said())
    assert nvim.api.current.buffer.name.endswith("app.py")


TESTED = "def area(width, height):  #answer _of_a_square():\\n    assert area(2, 2) == 4\n    return width * height\n"
MADE = "from shapes import area\n\n\ndef test_area_of_a_square():\n    assert area(2, 2) == 4\n"
REPORTED = "def report(items):\n    total = 0  #replace total=>count\n    return len(items)\n"
REPORT = {"lnum": 1, "col": 4, "end_col": 9, "severity": 2, "source": "mypy", "message": "total is wrong"}


def reported(nvim: Neovim, path: Path) -> None:
    """Open a file with one report on its second line, with the cursor there."""
    path.write_text(REPORTED)
    nvim.open(path).lua("vim.diagnostic.set(vim.api.nvim_create_namespace('checker'), 0, { ... })", REPORT)
    nvim.api.current.window.cursor = (2, 4)


def test_an_action_is_previewed_by_its_name(nvim: Neovim, workspace: Path):
    """A report is mended after a look at the change, and the user reads what to know of it."""
    reported(nvim, workspace / "app.py")
    assert "fix" in nvim.lua("return vim.fn.getcompletion('SeedAction ', 'cmdline')")
    nvim.api.command("SeedAction fix")
    nvim.wait(lambda: "apply all" in nvim.lua("return vim.wo.winbar"))
    assert "mypy was not run again" in nvim.lua("return vim.wo.winbar")
    assert "mypy was not run again" in nvim.said()
    assert nvim.text == REPORTED.replace("total", "count")
    assert nvim.buffer_of("app.py") == REPORTED
    nvim.keys("<CR>")
    nvim.wait(lambda: nvim.text == REPORTED.replace("total", "count") and nvim.api.current.buffer.name.endswith("app.py"))


def test_a_fix_is_applied_from_neovims_own_menu(nvim: Neovim, workspace: Path):
    """Neovim's own code actions have the fixes, which one undo takes back."""
    reported(nvim, workspace / "app.py")
    nvim.lua("vim.lsp.buf.code_action({ context = { only = { 'quickfix' } }, apply = true })")
    nvim.wait(lambda: nvim.text == REPORTED.replace("total", "count"))
    nvim.keys("u")
    nvim.wait(lambda: nvim.text == REPORTED)


def test_an_action_is_chosen_for_the_selected_characters(nvim: Neovim, workspace: Path):
    """Without a name the user chooses among what fits the selected characters."""
    nvim.lua("vim.ui.select = function(items, options, done) _G.offered = vim.tbl_map(options.format_item, items); done(nil) end")
    (workspace / "app.py").write_text("start = 1\ntotal = sum([start, 2])\n")
    nvim.open(workspace / "app.py").api.current.window.cursor = (2, 8)
    nvim.keys("vf):SeedAction<CR>")
    nvim.wait(lambda: nvim.lua("return _G.offered"))
    assert "Extract a variable" in nvim.lua("return _G.offered")
    nvim.api.command("SeedAction fix")
    nvim.wait(lambda: "fix does not fit here" in nvim.said())


def test_tests_are_previewed_and_made(nvim: Neovim, workspace: Path):
    """A new file is shown before it is made, and opened once it is."""
    (workspace / "shapes.py").write_text(TESTED)
    nvim.open(workspace / "shapes.py").api.current.window.cursor = (1, 5)
    nvim.api.command("SeedAction generate-tests")
    nvim.wait(lambda: "makes test_shapes.py" in nvim.lua("return vim.wo.winbar"))
    assert nvim.text == MADE
    assert not (workspace / "tests").exists()
    nvim.keys("<CR>")
    nvim.wait(lambda: nvim.api.current.buffer.name.endswith("/tests/test_shapes.py") and nvim.text == MADE)
    nvim.api.command("write")
    assert (workspace / "tests" / "test_shapes.py").read_text() == MADE


@pytest.mark.parametrize("key", ["q", "<CR>"])
def test_tests_are_added_to_those_of_the_module(nvim: Neovim, workspace: Path, key: str):
    """The file of tests is shown with what is not saved of it, which stays; `q` takes nothing."""
    (workspace / "shapes.py").write_text(TESTED)
    (workspace / "test_shapes.py").write_text("from shapes import area\n\n\ndef test_mine(): pass\n")
    nvim.open(workspace / "test_shapes.py").api.current.buffer[3] = "def test_mine(): assert area"
    mine = nvim.text
    nvim.open(workspace / "shapes.py").api.current.window.cursor = (1, 5)
    nvim.api.command("SeedAction generate-tests")
    nvim.wait(lambda: "apply all" in nvim.lua("return vim.wo.winbar"))
    nvim.keys(key)
    taken = key == "<CR>"
    nvim.wait(lambda: nvim.api.current.buffer.name.endswith("/test_shapes.py" if taken else "/shapes.py"))
    assert nvim.buffer_of("test_shapes.py") == (mine + MADE.removeprefix("from shapes import area\n") if taken else mine)


def test_rename_over_three_files(nvim: Neovim, workspace: Path):
    """A rename reaches open and closed files, and lists what it left."""
    (workspace / "use.py").write_text(f"{USER}# area\n")
    nvim.open(workspace / "shapes.py").api.current.window.cursor = (1, 5)
    nvim.api.command("SeedRename surface")
    nvim.wait(lambda: "places changed" in nvim.said())
    assert nvim.text == SHAPES.replace("area", "surface")
    assert nvim.buffer_of("third.py") == THIRD.replace("area", "surface")
    assert nvim.buffer_of("use.py") == USER.replace("area", "surface") + "# area\n", "a comment is left, and listed"
    [left] = nvim.lua("return vim.fn.getqflist()")
    assert (left["lnum"], left["text"]) == (4, "mention: in a comment")


def test_a_name_is_chosen_from_those_proposed(nvim: Neovim, workspace: Path):
    """The user can choose a proposed name, or enter another one."""
    nvim.lua("vim.ui.select = function(items, _, done) _G.offered = items; done(items[1]) end")
    (workspace / "shapes.py").write_text("#say surface \n" + SHAPES)
    nvim.open(workspace / "shapes.py").api.current.window.cursor = (2, 5)
    nvim.api.command("SeedRename")
    nvim.wait(lambda: "def surface(" in nvim.text)
    assert nvim.lua("return _G.offered") == ["surface", "another …"]


def test_a_new_signature(nvim: Neovim, workspace: Path):
    """The user edits the present signature, and the calls in all files follow."""
    nvim.lua("vim.ui.input = function(options, done) _G.asked = options.default; done('(height, width)') end")
    nvim.open(workspace / "shapes.py").api.current.window.cursor = (1, 5)
    nvim.api.command("SeedSignature")
    nvim.wait(lambda: "def area(height, width):" in nvim.text)
    assert nvim.lua("return _G.asked") == "(width, height)"
    assert "area(2, 1)" in nvim.text
    assert nvim.buffer_of("third.py") == THIRD.replace("5, 6", "6, 5")


CALLS = "def size(a, b):\n    return a * b\n\n\na = area(1, 2)\nb = area(3, 4)\n" + "d = 0\n" * 60 + "c = area(5, 6)\n"


def test_next_edits_are_gone_to_and_taken(nvim: Neovim, workspace: Path):
    """Tab goes to each next edit and takes it, near and far."""
    (workspace / "app.py").write_text(CALLS)
    nvim.open(workspace / "app.py").api.current.window.cursor = (5, 4)
    nvim.keys("cesize<Esc>")
    nvim.wait(lambda: nvim.drawn("next") == "size")
    nvim.keys("<Tab>")
    nvim.wait(lambda: nvim.api.current.window.cursor[0] == 6)
    nvim.keys("<Tab>")
    nvim.wait(lambda: nvim.api.current.line == "b = size(3, 4)")
    nvim.wait(lambda: nvim.drawn("next") == "size")
    nvim.keys("<Tab>")
    nvim.wait(lambda: nvim.api.current.window.cursor[0] == 67)
    nvim.keys("<Tab>")
    nvim.wait(lambda: nvim.text == CALLS.replace("area", "size"))


def test_a_diagnostic_that_comes_later_names_the_place(nvim: Neovim, workspace: Path):
    """Only the checker's message about the call with the umlauts leads to the call.

    Columns of Neovim count bytes.
    """
    call = "ä = fetch('ö')  #replace ')  =>', 10)  "
    text = "def fetch(url):\n    return url\n\n# stubborn\n" + call.replace("ä = ", "ä = ö = ") + "\n"
    (workspace / "app.py").write_text(text)
    nvim.open(workspace / "app.py").api.current.window.cursor = (1, 12)
    nvim.keys("a, timeout<Esc>")
    asked = "vim.lsp.get_clients({ name = 'seed' })[1]:request_sync('workspace/executeCommand', { command = 'seed.completionStatistics' })"
    nvim.wait(lambda: nvim.lua(f"return {asked}.result.next_edit.disagrees") == 1)
    column = len("ä = ö = ".encode())
    found = {"lnum": 4, "col": column, "end_col": column + 5, "severity": 1, "message": 'Argument missing for parameter "timeout"'}
    nvim.api.exec_lua("vim.diagnostic.set(vim.api.nvim_create_namespace('checker'), 0, { ... })", found)
    nvim.wait(lambda: nvim.drawn("next").startswith(", 10"))
    nvim.keys("<Tab><Tab>")
    nvim.wait(lambda: "fetch('ö', 10)" in nvim.text)


def test_a_next_edit_is_dismissed(nvim: Neovim, workspace: Path):
    """A dismissed next edit disappears and changes nothing."""
    (workspace / "app.py").write_text(CALLS)
    nvim.open(workspace / "app.py").api.current.window.cursor = (5, 4)
    nvim.keys("cesize<Esc>")
    nvim.wait(lambda: nvim.drawn("next") == "size")
    nvim.keys("<M-e>")
    nvim.wait(lambda: nvim.drawn("next") == "")
    assert nvim.text == CALLS.replace("area", "size", 1)


def test_typing_on_ends_what_is_under_way(nvim: Neovim, workspace: Path):
    """A slow request gives way to the next key's."""
    nvim.open(workspace / "app.py").keys("Go#slow one<CR>q = ")
    nvim.wait(lambda: "…" in nvim.lua("return require('seed_lsp').statusline()"))
    nvim.keys("1  #<CR>value = ")
    nvim.wait(lambda: nvim.drawn("suggestion") == "scripted_value()", 8)


def test_a_killed_server_is_said_and_comes_back(nvim: Neovim, workspace: Path, scripted: Path):
    """Suggestions come again after the server has died."""
    nvim.open(workspace / "app.py")
    old = last_pid(scripted)
    os.kill(old, signal.SIGKILL)
    nvim.wait(
        lambda: (
            not nvim.lua(
                "return #vim.lsp.get_clients({ name = 'seed' }) > 0 and vim.lsp.get_clients({ name = 'seed' })[1].rpc.is_closing() == false"
            )
        )
    )
    nvim.api.command("edit")
    nvim.wait(lambda: last_pid(scripted) != old)
    nvim.open(workspace / "app.py").keys("Govalue = ")
    nvim.wait(lambda: nvim.drawn("suggestion") == "scripted_value()")


def test_pause_and_resume(nvim: Neovim, workspace: Path):
    """Nothing is suggested during a pause, and the status line shows the pause."""
    nvim.open(workspace / "app.py").api.command("SeedPause")
    nvim.wait(lambda: "paused" in nvim.lua("return require('seed_lsp').statusline()"))
    nvim.keys("Govalue = <Esc>")
    nvim.api.command("SeedResume")
    nvim.wait(lambda: "paused" not in nvim.lua("return require('seed_lsp').statusline()"))
    nvim.keys("A ")
    nvim.wait(lambda: nvim.drawn("suggestion") == "scripted_value()")


def test_a_missing_model_is_told_and_not_fetched_unasked(start: Start, workspace: Path, tmp_path: Path):
    """Gigabytes are only downloaded when the user asks for them."""
    server = launcher(tmp_path / "server", cache=tmp_path / "cache")
    nvim = start(server, f"settings = {{ model = {REAL_MODEL!r} }}")
    nvim.open(workspace / "app.py")
    nvim.wait(lambda: ":SeedFetchModel downloads it" in nvim.said())
    assert not list((tmp_path / "cache").rglob("*.gguf*"))


def test_checkhealth(nvim: Neovim, workspace: Path):
    """A working installation passes its own health check."""
    nvim.open(workspace / "app.py").api.command("checkhealth seed_lsp")
    nvim.wait(lambda: "grammars" in nvim.text, 60)
    assert "ERROR" not in nvim.text


def test_the_help_has_what_it_promises(nvim: Neovim):
    """Each command and each option is explained in the help."""
    nvim.api.command(f"helptags {ROOT / 'editors' / 'nvim' / 'doc'}")
    nvim.api.command("help seed_lsp")
    text = nvim.text
    for name in nvim.lua("return vim.tbl_keys(vim.api.nvim_get_commands({}))"):
        if name.startswith("Seed"):
            assert f":{name}" in text, name
    for name in nvim.lua("return vim.tbl_keys(require('seed_lsp').options)"):
        assert name in text, name


@pytest.mark.model
def test_the_real_model_completes(start: Start, workspace: Path):
    """Editor, server, engine and model work together, with nothing scripted."""
    Store().locate(REAL_MODEL)
    # On a cold, busy machine the deadline would cut the text; it has tests of its own.
    nvim = start(REAL_SERVER, f"settings = {{ model = {REAL_MODEL!r}, inline = {{ typingDeadlineMs = 4000 }} }}")
    (workspace / "app.py").write_text('def add(a, b):\n    """The sum of two numbers."""\n')
    nvim.open(workspace / "app.py").keys("Goret")
    nvim.wait(lambda: nvim.drawn("suggestion") == "urn a + b", 60)
    nvim.keys("<Tab>")
    nvim.wait(lambda: nvim.api.current.line == "    return a + b")
