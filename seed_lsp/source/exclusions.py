"""Files whose text must never reach the model: those that hold secrets by their name, those that
are ignored, and those that the user names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from seed_lsp.errors import reason_of
from seed_lsp.source.ignore import IgnoreFiles, Rules, is_left_out

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
"""The names that common tools give to certificates, keys and files of passwords, as patterns of
`.gitignore`.
"""
GIT_IGNORE = ".gitignore"
IGNORE_FILES = (GIT_IGNORE, ".seedignore")


class Exclusions:
    """`SECRETS`, the user's own `patterns`, and the ignore files between the workspace's root and a
    file. These are read again when they change.

    Where an ignore file is there and cannot be read, what it keeps from the model is unknown, and
    so nothing below its folder gets there. `tell` is given such things in words for the user, as
    often as they are met.
    """

    def __init__(self, patterns: Iterable[str] = (), tell: Callable[[str], None] = lambda _text: None) -> None:
        self._always = Rules([*SECRETS, *patterns])
        self._tell = tell
        self._files = IgnoreFiles()

    def excludes(self, path: Path, root: Path | None) -> bool:
        """Whether the file at `path`, in the workspace at `root` if it is in one, is kept from the
        model.
        """
        if root is None or not path.is_relative_to(root):
            return is_left_out(path.name, [("", self._always)])
        relative = path.relative_to(root).as_posix()
        if is_left_out(relative, [("", self._always)]):
            return True
        # Each kind of file for itself: what one of them keeps out, the other cannot let in.
        return any(self._keeps_out(relative, root, name) for name in IGNORE_FILES)

    def _keeps_out(self, relative: str, root: Path, name: str) -> bool:
        folders = relative.split("/")[:-1]
        rules = []
        for around in ("".join(f"{folder}/" for folder in folders[:count]) for count in range(len(folders) + 1)):
            file = root / around / name
            try:
                found = self._files.rules_of(file)
            except OSError as error:
                self._tell(f"{file} cannot be read ({reason_of(error)}); nothing below its folder is given to the model")
                return True
            if found is not None:
                rules.append((around, found))
                # In a file of its own, git reads them in the same way.
                for number, reason in found.flaws.items() if name != GIT_IGNORE else ():
                    self._tell(f"line {number} of {file} may not do what it was meant to: {reason}")
        return is_left_out(relative, rules)
