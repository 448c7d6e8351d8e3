"""Files whose text must never reach the model: those that hold secrets by their name, those that are ignored, and those that the user names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pathspec import GitIgnoreSpec

SECRETS = (
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    ".netrc",
    ".pgpass",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".htpasswd",
    "*.pem",
    "*.key",
    "*.crt",
    "*.cer",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.gpg",
    "*.asc",
    "*.ovpn",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "*.tfstate",
    "*.tfvars",
    "secret.*",
    "secrets.*",
    "*secrets.y*ml",
    "credentials",
    "credentials.*",
    "secrets/",
    ".aws/",
    ".ssh/",
    ".gnupg/",
    ".kube/",
)
"""As `.gitignore` writes patterns. Names of certificates, keys and password files of common tools."""
IGNORE_FILES = (".gitignore", ".seedignore")


class Exclusions:
    """`SECRETS`, the user's own `patterns`, and the ignore files between the workspace's root and a file. These are read again when they change."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._always = GitIgnoreSpec.from_lines([*SECRETS, *patterns])
        self._rules: dict[Path, tuple[int, GitIgnoreSpec]] = {}

    def excludes(self, path: Path, root: Path | None) -> bool:
        """Whether the file at `path`, in the workspace at `root` if it is in one, is kept from the model."""
        inside = root is not None and path.is_relative_to(root)
        relative = path.relative_to(root) if inside and root is not None else Path(path.name)
        if self._always.match_file(relative.as_posix()):
            return True
        if not inside or root is None:
            return False
        # The nearest rule that says something decides (gitignore(5)).
        for folder in [path.parent, *path.parent.parents]:
            for name in IGNORE_FILES:
                rules = self._rules_of(folder / name)
                verdict = rules.check_file(path.relative_to(folder).as_posix()).include if rules else None
                if verdict is not None:
                    return bool(verdict)
            if folder == root:
                break
        return False

    def _rules_of(self, file: Path) -> GitIgnoreSpec | None:
        try:
            changed = file.stat().st_mtime_ns
            known = self._rules.get(file)
            if known is None or known[0] != changed:
                lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
                known = self._rules[file] = (changed, GitIgnoreSpec.from_lines(lines))
        except OSError:
            return None
        return known[1]
