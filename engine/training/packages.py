"""Permissively licensed Python from PyPI, pinned by version and hash (`packages.tsv`).

``python -m engine.training.packages lock NAME...`` prints the table for the newest and an older
release of each package; a corpus is made from the table alone. Wheels are read as archives: nothing
of them is installed, imported or run.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

TABLE = Path(__file__).with_name("packages.tsv")
OLDER_BY = 6
"""An older release is this many releases back: far enough that functions differ, near enough that
they are the same functions.
"""
MAX_FILE_BYTES = 200_000
_SKIPPED = {"test", "tests", "testing", "_vendor", "vendor", "vendored", "third_party", "locale", "locales", "migrations", "extern"}
_PERMISSIVE = ("MIT", "BSD", "Apache", "ISC", "Unlicense", "Python Software Foundation", "PSF", "Zlib", "HPND")


class PackageError(RuntimeError):
    """A package cannot be had, or is not what the table says."""


@dataclass(frozen=True)
class Release:
    """One line of the table: a wheel, its licence as its metadata states it, and its SHA-256.

    `age` is ``new`` or ``old``.
    """

    name: str
    version: str
    age: str
    licence: str
    sha256: str


@dataclass(frozen=True)
class SourceFile:
    package: str
    version: str
    path: str
    text: str


def read_table(path: Path = TABLE) -> list[Release]:
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    if header.split("\t") != [field.name for field in fields(Release)]:
        raise PackageError(f"{path} does not begin with the names of a release's fields")
    return [Release(*line.split("\t")) for line in lines]


def fetch(release: Release, folder: Path) -> Path:
    """The release's wheel in `folder`, downloaded through pip if it is not there.

    A wheel with another hash is a `PackageError`.
    """
    path = folder / f"{release.name}-{release.version}.whl"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _download(f"{release.name}=={release.version}", Path(scratch)).replace(path)
    if (found := _sha256(path)) != release.sha256:
        path.unlink()
        raise PackageError(
            f"{path.name} has the SHA-256 {found}, the table says {release.sha256}; PyPI may serve another file for this system"
        )
    return path


def sources(release: Release, wheel: Path) -> Iterator[SourceFile]:
    """The package's own Python files, tests and copies of other packages left out."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
            path = PurePosixPath(entry.filename)
            if path.suffix != ".py" or entry.file_size > MAX_FILE_BYTES or _SKIPPED & set(path.parts) or path.name.startswith("test_"):
                continue
            try:
                text = archive.read(entry).decode("utf-8")
            except UnicodeDecodeError:
                continue
            yield SourceFile(release.name, release.version, entry.filename, text.replace("\r\n", "\n"))


def lock(name: str, age: str, version: str) -> Release:
    """The table's line for one release; `PackageError` where its licence is not permissive."""
    with tempfile.TemporaryDirectory() as scratch:
        wheel = _download(f"{name}=={version}", Path(scratch))
        licence = _licence(wheel)
        if not any(word.lower() in licence.lower() for word in _PERMISSIVE) or "GPL" in licence:
            raise PackageError(f"{name} {version} states the licence {licence!r}")
        return Release(name, version, age, licence, _sha256(wheel))


def versions(name: str) -> list[str]:
    """Final releases, newest first."""
    output = _pip("index", "versions", name)
    found = re.search(r"^Available versions: (.*)$", output, re.MULTILINE)
    if found is None:
        raise PackageError(f"pip lists no versions of {name}")
    return found.group(1).split(", ")


def _download(requirement: str, folder: Path) -> Path:
    _pip("download", "--no-deps", "--only-binary=:all:", "--quiet", "--dest", str(folder), requirement)
    return next(iter(folder.glob("*.whl")))


def _pip(*arguments: str) -> str:
    run = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False)
    if run.returncode:
        raise PackageError(f"pip {' '.join(arguments[:2])} failed: {run.stderr.strip().splitlines()[-1:]}")
    return run.stdout


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _licence(wheel: Path) -> str:
    """The licence that a wheel states.

    It is the SPDX expression, else the classifiers, else the first line of the free text.
    """
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode("utf-8", errors="replace"))
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classified = [value.rpartition(" :: ")[2] for value in metadata.get_all("Classifier", []) if value.startswith("License ::")]
    free = str(metadata.get("License") or "").strip().splitlines()
    return ", ".join(classified) or (free[0][:80] if free else "")


def main() -> None:
    if len(sys.argv) < 3 or sys.argv[1] != "lock":
        raise SystemExit("usage: python -m engine.training.packages lock NAME...")
    print(*(field.name for field in fields(Release)), sep="\t")
    for name in sys.argv[2:]:
        try:
            known = versions(name)
            for age, version in {"new": known[0], "old": known[min(OLDER_BY, len(known) - 1)]}.items():
                print(*astuple(lock(name, age, version)), sep="\t", flush=True)
        except (PackageError, StopIteration) as error:
            print(f"{name}: left out: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
