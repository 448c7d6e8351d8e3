"""The README's table of settings, from the VS Code extension's `package.json`, the one place that describes them.

python -m tests.settings_documents        write the table into README.md
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
EDITOR_ONLY = ("seed.server.", "seed.trace.")
"""Settings of the extension itself, which the server does not read."""


def declared() -> dict[str, dict[str, Any]]:
    """The settings by name, as the extension declares them."""
    package = json.loads((ROOT / "editors/vscode/package.json").read_text(encoding="utf-8"))
    return package["contributes"]["configuration"]["properties"]


def table() -> str:
    rows = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for name, entry in declared().items():
        default = entry["default"] if isinstance(entry["default"], str) and entry["default"] else json.dumps(entry["default"])
        where = " (VS Code only)" if name.startswith(EDITOR_ONLY) else ""
        rows.append(f"| `{name}` | `{default}` | {entry['markdownDescription']}{where} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    readme = ROOT / "README.md"
    text, count = re.subn(r"\| Setting \| Default .*?\n(?!\|)", lambda _match: table(), readme.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert count == 1, "README.md has one table of settings"
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
