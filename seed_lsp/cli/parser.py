"""The command line: the server, and the same engine without an editor.

Exit status: 0 done, 1 refused or failed with the reason on standard error, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.api import DRAFT_SOURCES, MODES, NUMBER_FORMATS, EngineError, SamplingOptions
from engine.store import StoreError
from seed_lsp import __version__
from seed_lsp.cli.arguments import CommandParser
from seed_lsp.errors import SeedError, reason_of
from seed_lsp.session.settings import Settings

DEFAULTS = Settings()
PROGRAMS = ("bench", "eval", "train")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status.

    Wrong usage raises `SystemExit` with status 2, as argparse does.
    """
    words = sys.argv[1:] if arguments is None else arguments
    options = parse(words)
    # A Python looks for modules where it is started as well. That is the user's workspace, which
    # may hold a ``torch.py``, and we start processes.
    os.environ["PYTHONSAFEPATH"] = "1"
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.WARNING, format="%(name)s: %(message)s")
    try:
        status = int(options.run(options) or 0)
        sys.stdout.flush()
    except (SeedError, EngineError, StoreError) as error:
        print(f"seed-lsp: {error}", file=sys.stderr)
    except BrokenPipeError:
        # Who read the output has seen enough. What is left of it must not fail again when the
        # interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"seed-lsp: {where}{reason_of(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("seed-lsp: interrupted", file=sys.stderr)
        return 130
    else:
        return status
    return 1


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The options of a command line; `arguments` has what a program of its own (`PROGRAMS`) reads
    itself.
    """
    command = next((i for i, word in enumerate(words) if not word.startswith("-")), len(words))
    behind = command + 1 if words[command : command + 1] and words[command] in PROGRAMS else len(words)
    options = build_parser().parse_args(words[:behind])
    options.arguments = list(words[behind:])
    return options


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="seed-lsp", description="A code assistant on a diffusion language model, on your own machine.")
    parser.add_argument("--version", action="version", version=f"seed-lsp {__version__}")
    parser.add_argument("--verbose", action="store_true", help="log what happens to standard error; never code")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=CommandParser)

    serve = commands.add_parser("serve", help="run the language server on standard input and output")
    serve.add_argument("--stdio", action="store_true", help="the default, and the only way; editors pass it")
    serve.set_defaults(run=_serve)

    complete = commands.add_parser("complete", help="complete the code at a place of a file")
    complete.add_argument("file", type=Path)
    complete.add_argument("--line", type=_positive, required=True, help="counted from 1")
    complete.add_argument("--column", type=_positive, required=True, help="counted from 1; the text goes before this character")
    complete.add_argument("--max-tokens", type=_positive, default=DEFAULTS.inline_max_tokens)
    _add_engine_options(complete)
    complete.set_defaults(run=_complete)

    edit = commands.add_parser("edit", help="rewrite lines of a file; prints a unified diff")
    edit.add_argument("file", type=Path)
    edit.add_argument("--lines", type=_line_range, required=True, metavar="A:B", help="first and last line, counted from 1")
    edit.add_argument(
        "--columns", type=_line_range, metavar="C:D", help="from a column of the first line to before one of the last, counted from 1"
    )
    edit.add_argument("--action", metavar="NAME", help="an action of the editor's menu, such as type-hints, in place of an instruction")
    edit.add_argument("--argument", default="", help="which of several things the action is to do, such as the code of a rule")
    edit.add_argument("--instruction", help="what to do; read from standard input if left out")
    edit.add_argument("--max-tokens", type=_positive, default=DEFAULTS.edit_max_tokens)
    edit.add_argument(
        "--write", action="store_true", help="change the file as well; of a link, what it leads to, if that is in the same project"
    )
    _add_engine_options(edit)
    edit.set_defaults(run=_edit)

    rename = commands.add_parser("rename", help="rename a symbol with everything that refers to it; prints a unified diff")
    rename.add_argument("file", type=Path, help="of a link, what it leads to counts, which must be in the workspace")
    rename.add_argument("new_name", nargs="?", default="", help="with neither a name nor a signature, the model proposes up to five names")
    rename.add_argument("--line", type=_positive, required=True, help="of the symbol, counted from 1")
    rename.add_argument("--column", type=_positive, required=True, help="counted from 1, in characters")
    rename.add_argument("--root", type=Path, help="the workspace; the nearest project around the file if left out")
    rename.add_argument("--also", nargs="+", default=[], choices=("possible", "mention"), help="change these, too, which were not resolved")
    rename.add_argument("--signature", metavar="(PARAMETERS)", help="change the function's signature to this, and its calls with it")
    rename.add_argument("--was", type=_pair, nargs="+", default=[], metavar="NEW=OLD", help="parameters that change their names")
    rename.add_argument(
        "--argument", type=_pair, nargs="+", default=[], metavar="NAME=EXPRESSION", help="what calls pass for a new parameter"
    )
    rename.add_argument("--fill", action="store_true", help="let the model propose what is left of that; made with --also possible")
    rename.add_argument("--form", choices=("method", "function"), help="make a method of a function, or a function of a method, instead")
    rename.add_argument("--write", action="store_true", help="change the files as well: all of them, or none")
    rename.add_argument("--json", action="store_true", help="print one JSON object: the diff, and every site with its tier and the reason")
    _add_model_options(rename)
    rename.set_defaults(run=_rename)

    demo = commands.add_parser("demo", help="start the server as an editor would, and show a completion and a refactoring")
    demo.add_argument("--model", default=DEFAULTS.model)
    demo.add_argument("--json", action="store_true", help="print one JSON object last")
    demo.set_defaults(run=_demo)

    for name, text in (
        ("bench", "measure speed, latency, blocks or memory on this machine; from a checkout (docs/benchmarks.md)"),
        ("eval", "solve the problems of an evaluation set and count what passes its tests (docs/model-card.md)"),
        ("train", "train a diffusion adapter as a TOML file describes it (docs/training.md)"),
    ):
        commands.add_parser(name, help=text, add_help=False).set_defaults(run=_program, program=name)

    http = commands.add_parser("http", help="serve completions on 127.0.0.1, with a token, for editors without inline completion")
    http.add_argument("--port", type=_port, default=8012, help="0: any that is free (default: %(default)s)")
    http.add_argument("--model", default=DEFAULTS.model)
    http.set_defaults(run=_http)

    usage = commands.add_parser(
        "usage", help="print how suggestions fared on this machine: shown, accepted, kept; nothing is sent anywhere"
    )
    usage.add_argument("--reset", action="store_true", help="forget the counts")
    usage.set_defaults(run=_usage)

    doctor = commands.add_parser("doctor", help="say what works on this machine and what does not")
    doctor.add_argument("--model", default=DEFAULTS.model)
    doctor.set_defaults(run=_doctor)

    model = commands.add_parser("model", help="fetch, verify and find model files")
    actions = model.add_subparsers(required=True, metavar="ACTION")
    for name, text in (
        ("fetch", "download a model, verified"),
        ("verify", "hash a model's file against the published one"),
        ("path", "print where a model's file is"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("name", nargs="?", default=DEFAULTS.model)
        action.set_defaults(run=_model, action=name)
    actions.add_parser("list", help="list the published models").set_defaults(run=_model, action="list")
    return parser


def _add_engine_options(parser: argparse.ArgumentParser) -> None:
    _add_model_options(parser)
    parser.add_argument("--mode", choices=MODES, default=DEFAULTS.mode)
    parser.add_argument("--temperature", type=float, default=0.0, help="0: the likeliest text")
    parser.add_argument("--seed", type=_whole, default=0)
    parser.add_argument(
        "--block-size", type=_positive, default=SamplingOptions().block_size, help="longest draft or noisy block, in tokens"
    )
    parser.add_argument("--draft", choices=DRAFT_SOURCES, default="auto", help="where mode verified takes its drafts from")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=DEFAULTS.model, help="a name from `seed-lsp model list`, a .gguf file or a safetensors folder")
    parser.add_argument("--device", type=_device, help="cpu, cuda or mps; the best there is if left out")
    parser.add_argument("--dtype", choices=NUMBER_FORMATS, help="the best for the device if left out")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number") from None


def _positive(text: str) -> int:
    value = _whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is less than 1")
    return value


def _device(text: str) -> str:
    if not re.fullmatch(r"(cpu|cuda|mps)(:[0-9]{1,3})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is none of cpu, cuda and mps")
    return text


def _port(text: str) -> int:
    value = _whole(text)
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"{value} is no port; they go from 0 to 65535")
    return value


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.isidentifier() or not value.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _line_range(text: str) -> tuple[int, int]:
    first, separator, last = text.partition(":")
    if not first.isdecimal() or (separator and not last.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form A:B")
    low, high = int(first), int(last or first)
    if not 1 <= low <= high:
        raise argparse.ArgumentTypeError(f"{text!r}: lines count from 1, and the first is not after the last")
    return low, high


# Each command's module is imported when it runs, so that the server starts without the others.


def _serve(_options: argparse.Namespace) -> int:
    # The protocol's hundreds of classes stay for good: looking for garbage while they are made
    # takes a tenth of the start.
    gc.disable()
    from seed_lsp.server.lifecycle import serve_stdio
    from seed_lsp.session.engine_client import EngineClient

    gc.freeze()
    gc.enable()
    # Python 3.10 does not know the variable that `main` sets.
    os.chdir(sys.prefix)
    return serve_stdio(EngineClient())


def _complete(options: argparse.Namespace) -> None:
    from seed_lsp.cli.complete import complete

    complete(options)


def _edit(options: argparse.Namespace) -> None:
    from seed_lsp.cli.edit import edit

    edit(options)


def _rename(options: argparse.Namespace) -> None:
    from seed_lsp.cli.rename import rename

    rename(options)


def _demo(options: argparse.Namespace) -> None:
    from seed_lsp.cli.demo import demo

    demo(options.model, as_json=options.json)


def _program(options: argparse.Namespace) -> int:
    from seed_lsp.cli import programs

    run = {"bench": programs.bench, "eval": programs.evaluate, "train": programs.train}[options.program]
    return run(options.arguments)


def _http(options: argparse.Namespace) -> None:
    from seed_lsp.server.http_endpoint import serve

    serve(Settings(model=options.model), options.port)


def _usage(options: argparse.Namespace) -> None:
    from seed_lsp.session.usage import default_path, read_counts, report

    if options.reset:
        default_path().unlink(missing_ok=True)
    print(report(read_counts(default_path())))


def _doctor(options: argparse.Namespace) -> int:
    from seed_lsp.cli.doctor import doctor

    return doctor(options.model)


def _model(options: argparse.Namespace) -> None:
    from seed_lsp.cli.models import fetch, list_models, path, verify

    if options.action == "list":
        list_models()
    else:
        {"fetch": fetch, "verify": verify, "path": path}[options.action](options.name)
