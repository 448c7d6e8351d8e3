"""Cuts a model's file into pieces, for a machine without a network that takes little at a time.

``python -m engine.model.pieces split FILE FOLDER [--size BYTES] [--with PATH...]``
writes the pieces and says which calls bring them;
``… take PIECE TARGET`` keeps one piece there, in any order, and joins them once all are there;
``… join FOLDER TARGET`` takes all that lie in a folder.

`TARGET` is then a cache folder (``SEED_LSP_CACHE``) with the model's file in ``models``,
other files in ``files``, and what wheels hold in ``packages``.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from engine.files import CHUNK_BYTES, read_regular, whole_file
from engine.model.piece_list import LIST, MAX_PIECE_BYTES, Piece, PieceError, PieceList, Whole, read_list
from engine.model.reading import CheckpointError, require_file
from engine.store import sha256_of

CALL_BYTES = 63 << 20
"""The bytes that a call carries: 64 MiB, less some for the names of the files."""
INCOMING, FILES, PACKAGES = "incoming", "files", "packages"
IGNORED = ".gitignore"
AWAY = ("docs/", "editors/", "engine/adapters/", "tests/")
"""The parts of a checkout that are large and not needed while pieces travel."""
TARGET = "/tmp/seed-lsp"  # noqa: S108 - on a machine that nobody else uses


def split(source: Path, folder: Path, size: int, extras: Sequence[Path] = ()) -> PieceList:
    """Write `source` and what goes along as pieces of at most `size` bytes into `folder`; the list
    is written last.
    """
    paths = [*extras, source]
    places = [*(f"{FILES}/{path.name}" for path in extras), f"models/{source.name}"]
    for path in paths:
        require_file(path)
    if len(set(places)) < len(places):
        raise PieceError("two files that go along have the same name")
    if broken := [path.name for path in extras if path.suffix == ".whl" and not zipfile.is_zipfile(path)]:
        raise PieceError(f"{broken[0]} is no wheel")
    if not source.stat().st_size:
        raise PieceError(f"{source} is empty")
    if not 0 < size <= MAX_PIECE_BYTES:
        raise PieceError(f"pieces have from 1 to {MAX_PIECE_BYTES:,} bytes, not {size:,}")
    _empty(folder)
    wholes = [Whole(place, path.stat().st_size, sha256_of(path)) for path, place in zip(paths, places, strict=True)]
    files = [(path, whole.size) for path, whole in zip(paths, wholes, strict=True)]
    pieces = []
    for i in range(math.ceil(sum(whole.size for whole in wholes) / size)):
        name = f"{i + 1:03}.piece"
        with whole_file(folder / name) as scratch:
            written, digest = _write(scratch, _read_range(files, i * size, size))
        pieces.append(Piece(name, written, digest))
    made = PieceList(tuple(wholes), tuple(pieces))
    made.save(folder / LIST)
    return made


def take(piece: Path, target: Path) -> list[str]:
    """Keep one piece, beside which its list lies, below `target`, and return the names of those
    that are still missing.

    A piece that is there already is left as it is. With the last one the files are joined, each in
    its place. `PieceError` where the piece is not what the list says.
    """
    made = read_list(piece.parent / LIST)
    if _all_whole(made, target):
        return []
    incoming = target / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    if not (incoming / LIST).exists():
        made.save(incoming / LIST)
    elif read_list(incoming / LIST) != made:
        raise PieceError(f"{incoming} holds pieces of other files; delete it, or take another folder")
    expected = next((one for one in made.pieces if one.name == piece.name), None)
    if expected is None:
        raise PieceError(f"{piece} is none of the pieces that its list names")
    kept = incoming / piece.name
    if not _has_size(kept, expected.size):
        data = _checked(piece, expected)
        with whole_file(kept) as scratch:
            scratch.write_bytes(data)
    missing = [one.name for one in made.pieces if not _has_size(incoming / one.name, one.size)]
    if not missing:
        _join(made, target)
    return missing


def join(folder: Path, target: Path) -> None:
    """Take all pieces that lie in `folder`, and join them; `PieceError` where some are missing
    still.
    """
    made = read_list(folder / LIST)
    missing = [piece.name for piece in made.pieces]
    for name in list(missing):
        # The last piece that was missing joins them, and the folder may hold more than is needed.
        if missing and _is_there(folder / name):
            missing = take(folder / name, target)
    if missing and not _all_whole(made, target):
        raise PieceError(f"{len(missing)} of {len(made.pieces)} pieces are missing: {', '.join(missing)}")


def calls(names: Iterable[str], folder: Path, target: str) -> Iterator[str]:
    """A line for each call that brings a piece, with what to carry and what to run there."""
    for name in names:
        yield f"carry {folder / LIST} {folder / name}    run: python3 -m engine.model.pieces take {folder / name} {target}"


def settings(made: PieceList, target: str) -> str:
    """The command that a shell needs before the engine runs on the joined files."""
    packages = f" PYTHONPATH={target}/{PACKAGES}" if _wheels(made) else ""
    return f"export SEED_LSP_CACHE={target}{packages}"


def _empty(folder: Path) -> None:
    """Make the folder, and delete the pieces of an earlier split.

    `PieceError` where it holds something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ours = [path for path in folder.iterdir() if path.name == LIST or path.suffix in {".piece", ".partial"}]
    if other := {path for path in folder.iterdir() if path.name != IGNORED} - set(ours):
        raise PieceError(f"{folder} holds {min(other).name}, which is no piece; take an empty folder")
    for path in ours:
        path.unlink()


def _read_range(files: Sequence[tuple[Path, int]], start: int, length: int) -> Iterator[bytes]:
    """`length` bytes from `start` on, of files of the given sizes as if they were one behind the
    other.
    """
    for path, size in files:
        with path.open("rb") as file:
            file.seek(max(0, start))
            left = min(length, size - max(0, start))
            while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
                yield chunk
                left -= len(chunk)
                length -= len(chunk)
        start -= size


def _write(path: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
    """Write `chunks`, and return how many bytes there were and their SHA-256."""
    size, digest = 0, hashlib.sha256()
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _checked(path: Path, expected: Piece) -> bytes:
    if path.is_symlink():
        raise PieceError(f"{path} is a link, and what it points to may not have come along; carry the piece itself")
    require_file(path)
    data = read_regular(path, MAX_PIECE_BYTES)
    if len(data) != expected.size:
        raise PieceError(f"{path} has {len(data):,} bytes instead of {expected.size:,}; bring it once more")
    if hashlib.sha256(data).hexdigest() != expected.sha256:
        raise PieceError(f"{path} came damaged: its SHA-256 is not the list's; bring it once more")
    return data


def _join(made: PieceList, target: Path) -> None:
    incoming = target / INCOMING
    files = [(incoming / piece.name, piece.size) for piece in made.pieces]
    start = 0
    for whole in made.wholes:
        path = target / whole.place
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as scratch:
            _, digest = _write(scratch, _read_range(files, start, whole.size))
            if digest != whole.sha256:
                raise PieceError(_what_is_damaged(made, incoming, whole))
        start += whole.size
    if _wheels(made):
        # Wheels that came earlier, with other pieces, are unpacked as well.
        _unpack(sorted((target / FILES).glob("*.whl")), target / PACKAGES)
    shutil.rmtree(incoming)


def _what_is_damaged(made: PieceList, incoming: Path, whole: Whole) -> str:
    """Tell why a file cannot be joined, and delete the kept pieces that were damaged, so that they
    can come once more.
    """
    damaged = [piece.name for piece in made.pieces if sha256_of(incoming / piece.name) != piece.sha256]
    for name in damaged:
        (incoming / name).unlink()
    if damaged:
        return f"{whole.place} cannot be joined: {', '.join(damaged)} were damaged after they came, and are deleted; bring them once more"
    return f"{whole.place} cannot be joined: the pieces are those of the list, and its SHA-256 is another; split the file once more"


def _unpack(wheels: Sequence[Path], folder: Path) -> None:
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        scratch.replace(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _wheels(made: PieceList) -> list[str]:
    return [whole.place for whole in made.wholes if whole.place.endswith(".whl")]


def _all_whole(made: PieceList, target: Path) -> bool:
    """Whether every file is in its place already, with the right hash."""
    if _wheels(made) and not (target / PACKAGES).is_dir():
        return False
    paths = [(target / whole.place, whole) for whole in made.wholes]
    return all(_has_size(path, whole.size) for path, whole in paths) and all(sha256_of(path) == whole.sha256 for path, whole in paths)


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def size_beside_tree() -> int:
    """The largest piece that fits into a call beside the working tree without what is `AWAY`
    meanwhile.
    """
    git = shutil.which("git")
    listing = [git or "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--full-name"]
    try:
        names = subprocess.run(listing, capture_output=True, check=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        # Outside a checkout nothing else travels.
        return min(MAX_PIECE_BYTES, CALL_BYTES)
    paths = [Path(name) for name in set(names) if name and not name.startswith(AWAY)]
    tree = sum(path.lstat().st_size for path in paths if _is_there(path))
    return min(MAX_PIECE_BYTES, CALL_BYTES - tree)


def _told_split(options: argparse.Namespace) -> None:
    made = split(options.file, options.folder, size_beside_tree() if options.size is None else options.size, options.extras)
    # What git sees of a checkout travels whole with each call.
    (options.folder / IGNORED).write_text("*\n", encoding="utf-8")
    print(f"{len(made.pieces)} pieces of at most {made.pieces[0].size:,} bytes, a call each, from the top of the checkout:")
    print(*calls([piece.name for piece in made.pieces], options.folder, options.target), sep="\n")
    print(f"Meanwhile {', '.join(AWAY)} have to be out of the checkout: move them away, and back behind the last call.")
    print(f"Then, there: {settings(made, options.target)}")


def _told_take(options: argparse.Namespace) -> None:
    missing = take(options.piece, options.target)
    made = read_list(options.piece.parent / LIST)
    if missing:
        print(f"{options.piece.name} is kept; {len(missing)} of {len(made.pieces)} calls remain:")
        print(*calls(missing, options.piece.parent, str(options.target)), sep="\n")
    else:
        _tell_joined(made, options.target)


def _told_join(options: argparse.Namespace) -> None:
    join(options.folder, options.target)
    _tell_joined(read_list(options.folder / LIST), options.target)


def _tell_joined(made: PieceList, target: Path) -> None:
    print(f"whole and verified: {', '.join(str(target / whole.place) for whole in made.wholes)}")
    print(settings(made, str(target)))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m engine.model.pieces", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    splitting = commands.add_parser("split", help="write the pieces of a file, and say which calls bring them")
    splitting.add_argument("file", type=Path)
    splitting.add_argument("folder", type=Path, help="of the checkout; git is told to ignore it")
    splitting.add_argument("--size", type=int, help="bytes of a piece; as much as fits into a call beside the working tree")
    splitting.add_argument(
        "--with", dest="extras", type=Path, nargs="+", default=[], metavar="PATH", help="files that go along; wheels are unpacked"
    )
    splitting.add_argument("--target", default=TARGET, help="the folder there, for the commands that are printed (default: %(default)s)")
    splitting.set_defaults(run=_told_split)
    taking = commands.add_parser("take", help="keep one piece; with the last one the files are joined")
    taking.add_argument("piece", type=Path)
    taking.add_argument("target", type=Path)
    taking.set_defaults(run=_told_take)
    joining = commands.add_parser("join", help="take all pieces of a folder, and join them")
    joining.add_argument("folder", type=Path)
    joining.add_argument("target", type=Path)
    joining.set_defaults(run=_told_join)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except (PieceError, CheckpointError) as error:
        raise SystemExit(str(error)) from error
    except OSError as error:
        raise SystemExit(f"{error.filename or 'cannot do this'}: {error.strerror or error}") from error


if __name__ == "__main__":
    main()
