"""``seed-lsp complete``: a completion in a file, without an editor."""

from __future__ import annotations

import argparse
import sys

from seed_lsp.cli.on_file import cursor, diff_path, print_json, settings_of, tell_link, with_engine
from seed_lsp.features.inline import completion as inline
from seed_lsp.features.inline.plan import Plan
from seed_lsp.source.files import read_document
from seed_lsp.source.patch import unified_diff


def complete(options: argparse.Namespace) -> None:
    document = read_document(options.file)
    tell_link(options.file)
    plan = Plan(document, cursor(document, options))
    settings = settings_of(options)
    request = inline.build_request(plan, settings, 1)
    finished = with_engine(options, lambda ask: ask(request, lambda _event: None))
    completion = inline.read_completion(plan, finished)
    if options.json:
        diff = ""
        if completion.text:
            text = document.text
            diff = unified_diff(text, text[: plan.cursor] + completion.text + text[plan.cursor :], diff_path(options.file))
        print_json(completion.text, diff, finished, reason=completion.reason)
    elif completion.text:
        print(completion.text)
    else:
        print(f"seed-lsp: no completion: {completion.reason}", file=sys.stderr)
