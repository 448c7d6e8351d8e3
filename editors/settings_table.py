"""The table of `docs/settings.md`, from the VS Code extension's `package.json`, the one place that
describes the settings.

python -m editors.settings_table        write the table into docs/settings.md
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/settings.md"
EDITOR_ONLY = ("seed.server.", "seed.trace.")
"""How the names of those settings begin that the extension alone reads, and the server does not."""


def declared() -> dict[str, dict[str, Any]]:
    """The settings by name, as the extension declares them."""
    package = json.loads((ROOT / "editors/vscode/package.json").read_text(encoding="utf-8"))
    settings: dict[str, dict[str, Any]] = package["contributes"]["configuration"]["properties"]
    return settings


def table() -> str:
    rows = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for name, entry in declared().items():
        default = entry["default"] if isinstance(entry["default"], str) and entry["default"] else json.dumps(entry["default"])
        where = " (VS Code only)" if name.startswith(EDITOR_ONLY) else ""
        rows.append(f"| `{name}` | `{default}` | {entry['markdownDescription']}{where} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    text, count = re.subn(r"\| Setting \| Default .*?\n(?!\|)", lambda _match: table(), PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert count == 1, f"{PAGE} has one table of settings"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
