"""The loader behind the engine process.

Two models take turns, and a third replaces the one used longest ago.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.api import Finished, InfillRequest, Loading, ModelUnavailableError, SamplingOptions, WorkerSettings
from engine.engine import Engine
from engine.worker import _LeftError, _Loader, _Loading


def test_two_models_stay_loaded(tiny_folder, tmp_path):
    names = [str(shutil.copytree(tiny_folder, tmp_path / name)) for name in "abc"]
    loader = _Loader(WorkerSettings(device="cpu", dtype="float32"))

    def loads(name: str) -> bool:
        request = InfillRequest(1, name, SamplingOptions(max_new_tokens=2), prefix="x", suffix="")
        events = list(loader.run(request, lambda: False))
        assert isinstance(events[-1], Finished)
        assert events[-1].model == name
        return any(isinstance(event, Loading) for event in events)

    a, b, c = names
    assert [loads(name) for name in (a, b, a, b)] == [True, True, False, False]
    assert [loads(name) for name in (c, b, a)] == [True, False, True]


def test_packing_is_told_as_it_goes_on(tmp_path, monkeypatch):
    """The first start of a model takes up to a minute: a person sees how much of it is done."""
    loader = _Loader(WorkerSettings(device="cpu", dtype="float32"))

    def load(name, *, report, **_options):
        report(0.25)
        report(1.0)
        raise ModelUnavailableError(name)

    monkeypatch.setattr(Engine, "load", load)
    events = []
    with pytest.raises(ModelUnavailableError):
        events.extend(loader.run(InfillRequest(1, "m", SamplingOptions(), prefix="x", suffix=""), lambda: False))
    assert [event.share for event in events] == [None, 0.25, 1.0]


def test_a_loading_that_hangs_is_left_by_who_cancels_and_passed_by_who_wants_another(tiny_folder, monkeypatch):
    """A file that cannot be read does not make every other model wait.

    Once it can be read, it is loaded.
    """
    loader = _Loader(WorkerSettings(device="cpu", dtype="float32"))
    real, answers, loads = Engine.load, threading.Event(), []

    def load(name, **options):
        loads.append(name)
        if name == "hanging":
            assert answers.wait(60)
            return real(str(tiny_folder), **options)
        return real(name, **options)

    monkeypatch.setattr(Engine, "load", load)

    def run(name: str, *, cancelled: bool = False):
        return list(loader.run(InfillRequest(1, name, SamplingOptions(max_new_tokens=2), prefix="x", suffix=""), lambda: cancelled))

    for _ in range(3):
        with pytest.raises(_LeftError):
            run("hanging", cancelled=True)
    assert isinstance(run(str(tiny_folder))[-1], Finished)
    answers.set()
    assert isinstance(run("hanging")[-1], Finished)
    assert loads == ["hanging", str(tiny_folder)], "one loading for all who want it"


def test_a_loading_that_failed_unseen_is_tried_again(tiny_folder, monkeypatch):
    """What was wrong while nobody waited may be mended by now."""
    loader = _Loader(WorkerSettings(device="cpu", dtype="float32"))
    real, failed = Engine.load, threading.Event()

    def load(name, **options):
        if not failed.is_set():
            failed.set()
            raise ModelUnavailableError("not yet")
        return real(name, **options)

    monkeypatch.setattr(Engine, "load", load)
    request = InfillRequest(1, str(tiny_folder), SamplingOptions(max_new_tokens=2), prefix="x", suffix="")
    loader._loading[request.model] = loading = _Loading(request.model, WorkerSettings())
    assert loading.done(20)
    assert loading.failed
    assert isinstance(list(loader.run(request, lambda: False))[-1], Finished)


LIMITED = """
import resource, sys
from pathlib import Path
from engine import worker
from engine.api import InfillRequest, SamplingOptions, WorkerSettings
from engine.scheduling import Job
pages = int(Path("/proc/self/statm").read_text().split()[0])
most = pages * resource.getpagesize() + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (most, most))
events = []
request = InfillRequest(1, sys.argv[1], SamplingOptions(max_new_tokens=2), prefix="x", suffix="")
worker._serve_one(Job(request, 0.0), worker._Loader(WorkerSettings(device="cpu", threads=1)).run, events.append)
print(events[-1])
"""


@pytest.mark.parametrize("megabytes", [8, 200])
def test_too_little_memory_for_the_libraries_is_said_as_that(megabytes: int, tiny_folder):
    """The user reads our words where torch cannot be loaded.

    It has to be before a model is read, and fails in the dynamic linker's words.
    """
    command = [sys.executable, "-c", LIMITED, str(tiny_folder), str(megabytes << 20)]
    run = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True, timeout=60)
    assert "not enough memory" in run.stdout
