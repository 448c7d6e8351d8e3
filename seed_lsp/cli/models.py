"""``seed-lsp model``: fetch, verify, path and list, with a progress bar."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from engine.store import MODELS, Report, Store, find_spec


def fetch(name: str) -> None:
    spec, store = find_spec(name), Store()
    with _bar() as bar:
        path = store.fetch(spec, _report(bar))
    print(path)


def verify(name: str) -> None:
    spec, store = find_spec(name), Store()
    with _bar() as bar:
        store.verify(spec, _report(bar))
    print(f"{store.file_of(spec)}: SHA-256 {spec.sha256}, as published")


def path(name: str) -> None:
    print(Store().require(find_spec(name)))


def list_models() -> None:
    store = Store()
    for spec in MODELS:
        state = "fetched" if store.is_fetched(spec) else "not fetched"
        print(f"{spec.name} ({spec.alias})  {spec.size_bytes / 1e6:,.0f} MB  {state}  {spec.hub_repo}")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _report(bar: Progress) -> Report:
    task = bar.add_task("", total=None)

    def report(what: str, done: int, total: int) -> None:
        bar.update(task, description=what, completed=done, total=total)

    return report
