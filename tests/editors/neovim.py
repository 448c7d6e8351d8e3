"""Neovim itself, in a process of its own, with the plugin set up."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pynvim

from engine.store import default_root
from tests.editors.conftest import FOLDER, PICTURES, ROOT
from tests.waiting import wait_for

BINARIES = {"0.12": "nvim-0.12/usr/bin/nvim", "0.11": "nvim-0.11/bin/nvim"}
NAMESPACES = {"suggestion": "inline_completion|seed_lsp.ghost", "next": "seed_lsp.next_edit", "edit": "seed_lsp.edit"}


class Neovim:
    """A running Neovim with a screen, whose plugin is set up with a server."""

    def __init__(self, binary: Path, folder: Path, server: Path, options: str) -> None:
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            (folder / name).mkdir()
        init = folder / "init.lua"
        init.write_text(
            "vim.opt.swapfile = false\n"
            f"vim.opt.runtimepath:prepend({str(ROOT / 'editors' / 'nvim')!r})\n"
            f"require('seed_lsp').setup({{ cmd = {{ {str(server)!r}, 'serve' }}, {options} }})\n"
            "vim.o.statusline = \"%f %{%v:lua.require'seed_lsp'.statusline()%}\"\n"
        )
        places = [f"XDG_{name}_HOME={folder / name}" for name in ("CONFIG", "DATA", "STATE", "CACHE")]
        self.api = pynvim.attach(
            "child", argv=["env", *places, f"SEED_LSP_CACHE={default_root()}", str(binary), "--embed", "-u", str(init)]
        )
        self.api.ui_attach(100, 24, rgb=True, ext_linegrid=True)
        self.api.command("set termguicolors")
        self.api.exec_lua("_G.said = {}; vim.notify = function(text) table.insert(_G.said, text) end")

    def stop(self) -> None:
        with contextlib.suppress(OSError, EOFError, pynvim.NvimError):
            self.api.exec_lua("for _, client in ipairs(vim.lsp.get_clients()) do client:stop(true) end")
        with contextlib.suppress(OSError, EOFError, pynvim.NvimError):
            self.api.command("qa!")
        self.api.close()

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.api.exec_lua(code, *arguments)

    def open(self, path: Path) -> Neovim:
        self.lua("vim.cmd.edit(vim.fn.fnameescape(...))", str(path))
        self.wait(
            lambda: self.lua(
                "local c = vim.lsp.get_clients({ bufnr = 0, name = 'seed' })[1]; return c and c.initialized and vim.lsp.buf_is_attached(0, c.id)"
            )
        )
        return self

    def keys(self, keys: str) -> None:
        self.api.input(keys)

    @property
    def text(self) -> str:
        return "\n".join(self.api.current.buffer[:]) + "\n"

    def drawn(self, kind: str) -> str:
        """Our virtual text in the current buffer."""
        return self.lua(
            """local found = {}
            for name, id in pairs(vim.api.nvim_get_namespaces()) do
              for wanted in vim.gsplit(..., '|') do
                if name:find(wanted, 1, true) then
                  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true })) do
                    for _, chunk in ipairs(mark[4].virt_text or {}) do table.insert(found, chunk[1]) end
                    for _, line in ipairs(mark[4].virt_lines or {}) do
                      table.insert(found, '\\n')
                      for _, chunk in ipairs(line) do table.insert(found, chunk[1]) end
                    end
                  end
                end
              end
            end
            return table.concat(found)""",
            NAMESPACES[kind],
        )

    def said(self) -> str:
        return "\n".join(self.lua("return _G.said"))

    def wait(self, condition: Callable[[], object], seconds: float = 15) -> None:
        assert wait_for(condition, seconds), f"it did not happen; the buffer is {self.text!r}, said was {self.said()!r}"

    def picture(self, name: str) -> None:
        """Save a picture of the screen, for the README."""
        if PICTURES:
            from tests.editors.screen import draw

            self.api.command("redraw")
            code = """local rows = {}
            for row = 0, vim.o.lines - 1 do
              rows[row + 1] = {}
              for column = 0, vim.o.columns - 1 do rows[row + 1][column + 1] = vim.api.nvim__inspect_cell(1, row, column) end
            end
            return rows"""
            draw(self.lua(code), Path(PICTURES).parents[1] / "nvim" / "images" / name)

    def buffer_of(self, name: str) -> str:
        """The text of a file's buffer, or of its preview, whose name ends like the file's."""
        [buffer] = [one for one in self.api.buffers if one.name.endswith(f"/{FOLDER}/{name}")]
        return "\n".join(buffer[:]) + "\n"
