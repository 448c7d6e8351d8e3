"""The loader behind the engine process: two models take turns, a third replaces the one used longest ago."""

from __future__ import annotations

import shutil

import pytest

from engine.api import Finished, InfillRequest, Loading, ModelUnavailableError, SamplingOptions
from engine.engine import Engine
from engine.worker import WorkerSettings, _Loader


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
