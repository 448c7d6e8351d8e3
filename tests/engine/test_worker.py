"""The loader behind the engine process: two models take turns, a third replaces the one used longest ago."""

from __future__ import annotations

import shutil

from engine.api import Finished, InfillRequest, Loading, SamplingOptions
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
