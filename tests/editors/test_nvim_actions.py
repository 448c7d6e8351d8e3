"""Each action in the real Neovim, 0.12 and 0.11: from the menu, by its name, and undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.action_cases import CASES, EXPLAINED, EXPLANATION, OWN_CASES, PROJECT, Case
from tests.editors.neovim import BINARIES, Neovim

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


@pytest.fixture(scope="module", params=list(BINARIES))
def nvim(
    request: pytest.FixtureRequest, hosts: Path, scripted: Path, workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Neovim]:
    """One Neovim for all cases, whose user takes the entry `wanted` of each menu."""
    folder = tmp_path_factory.mktemp("nvim")
    nvim = Neovim(hosts / BINARIES[request.param], folder, scripted, f"settings = {{ model = {str(scripted.parent)!r} }}")
    nvim.lua(
        "vim.ui.select = function(items, options, done)"
        " for i, item in ipairs(items) do if options.format_item(item):gsub('^Seed: ', '') == _G.wanted then return done(item, i) end end"
        " table.insert(_G.said, 'not offered: ' .. _G.wanted) done(nil) end"
    )
    # A new name has two seconds, in which no engine has to start.
    (workspace / "first.py").write_text("")
    nvim.open(workspace / "first.py").keys("ivalue = ")
    nvim.wait(lambda: nvim.drawn("suggestion") == "scripted_value()")
    nvim.keys("<Esc>")
    nvim.api.command("write")
    yield nvim
    nvim.stop()


def open_case(nvim: Neovim, case: Case, path: Path) -> None:
    """Open a file of its own for the case, with its selection and its report."""
    path.write_text(case.text)
    nvim.open(path)
    (line, column), (last, end) = case.places
    if case.report:
        source, code, message = case.report
        report = {"lnum": line, "col": column, "end_lnum": last, "end_col": end, "severity": 1, "source": source, "code": code}
        nvim.lua("vim.diagnostic.set(vim.api.nvim_create_namespace('checker'), 0, { ... })", {**report, "message": message})
    nvim.lua("_G.wanted = ...", case.entry)
    nvim.api.current.window.cursor = (line + 1, column)
    if (line, column) != (last, end):
        nvim.keys("v")
        nvim.api.current.window.cursor = (last + 1, end - 1)


def is_undone(nvim: Neovim, text: str) -> None:
    """One undo brings the text back."""
    # The menu leaves the code selected, where `u` means lower case.
    nvim.keys("<Esc>u")
    nvim.wait(lambda: nvim.text == text)


def is_made(nvim: Neovim, case: Case, workspace: Path) -> None:
    """The new file is there as the case has it; it goes again, for the next one."""
    assert case.made is not None
    name, text = case.made
    nvim.wait(lambda: any(one.name.endswith(f"/{name}") and "\n".join(one[:]) + "\n" == text for one in nvim.api.buffers))
    [buffer] = [one for one in nvim.api.buffers if one.name.endswith(f"/{name}")]
    nvim.api.command(f"bwipeout! {buffer.number}")
    (workspace / name).unlink(missing_ok=True)


def path_of(case: Case, workspace: Path, route: str) -> Path:
    return workspace / (f"{route}_{case.action}_{case.file}" if case.made is None else case.file)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action)
def test_an_action_is_chosen_in_neovims_menu_and_undone(nvim: Neovim, workspace: Path, case: Case):
    """Neovim's own menu applies what is chosen, and one undo takes it back."""
    path = path_of(case, workspace, "menu")
    open_case(nvim, case, path)
    nvim.keys("gra")
    if case.made is not None:
        is_made(nvim, case, workspace)
    else:
        nvim.wait(lambda: nvim.text == case.wanted)
        is_undone(nvim, case.text)
    assert path.read_text() == case.text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action)
def test_an_action_is_called_by_its_name_and_undone(nvim: Neovim, workspace: Path, case: Case):
    """`:SeedAction` shows what comes before it is applied, and one undo takes it back."""
    path = path_of(case, workspace, "name")
    open_case(nvim, case, path)
    nvim.keys(f":SeedAction {case.action}<CR>")
    nvim.wait(lambda: ("makes test_" if case.made else "apply all") in nvim.lua("return vim.wo.winbar"))
    assert nvim.text == (case.made[1] if case.made else case.wanted)
    nvim.keys("<CR>")
    if case.made is not None:
        is_made(nvim, case, workspace)
    else:
        nvim.wait(lambda: nvim.api.current.buffer.name == str(path) and nvim.text == case.wanted)
        is_undone(nvim, case.text)
    assert path.read_text() == case.text


@pytest.mark.parametrize("case", OWN_CASES, ids=lambda case: case.entry)
def test_an_own_instruction_is_carried_out_and_undone(nvim: Neovim, workspace: Path, case: Case):
    """`:SeedEdit` does what the user's words say after a look, and one undo takes it back."""
    path = workspace / f"own_{len(case.entry)}.py"
    open_case(nvim, case, path)
    nvim.keys(f":SeedEdit {case.entry}<CR>")
    nvim.wait(lambda: "apply all" in nvim.lua("return vim.wo.winbar"))
    assert nvim.text == case.wanted
    nvim.keys("<CR>")
    nvim.wait(lambda: nvim.api.current.buffer.name == str(path) and nvim.text == case.wanted)
    is_undone(nvim, case.text)


def test_code_is_explained_in_a_window_above_it(nvim: Neovim, workspace: Path):
    """The explanation is shown, and the code stays as it is."""
    text = EXPLAINED.replace("⟦⟧", "")
    path = workspace / "explained.py"
    path.write_text(text)
    nvim.open(path).api.command("SeedExplain")
    nvim.wait(lambda: any("\n".join(window.buffer[:]).strip() == EXPLANATION for window in nvim.api.windows))
    assert nvim.text == text
