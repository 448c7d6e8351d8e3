"""Programs of a model: judged by reaching their end, and held to their limits."""

from __future__ import annotations

import socket
import sys
import time

import pytest

from engine.evaluation import sandbox

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces and these limits are Linux's")


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        ("x = 1", "passed"),
        ("assert 0", "failed"),
        ("import sys; sys.exit(0)", "failed"),
        ("import os; os._exit(0)", "failed"),
        ("x =", "failed"),
        ("print('\\ud800')", "failed"),
        ("open('scratch.txt', 'w').write('mine')", "passed"),
        ("import subprocess; subprocess.run(['true'])", "failed"),
        ("import shutil; shutil.rmtree('/')", "failed"),
    ],
)
def test_a_program_passes_if_it_comes_to_its_end(program: str, verdict: str):
    """Leaving early with status 0 is no success."""
    assert sandbox.run(program).verdict == verdict


@pytest.mark.slow
def test_an_endless_program_is_killed():
    started = time.monotonic()
    assert sandbox.run("while True: pass", timeout_s=1.0).verdict == "timed_out"
    assert time.monotonic() - started < 5


@linux_only
def test_memory_and_files_are_limited():
    assert "MemoryError" in sandbox.run("bytearray(8 << 30)").message
    assert "too large" in sandbox.run("open('x', 'wb').write(bytes(20 << 20))").message.lower()


@linux_only
@pytest.mark.slow
def test_children_die_with_their_program(tmp_path):
    """A process that outlives its program would hold the machine, and could write later."""
    mark = tmp_path / "alive"
    program = f"""
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(1.5)
    open({str(mark)!r}, 'w').close()
    os._exit(0)
"""
    sandbox.run(program, timeout_s=1.0)
    time.sleep(2.0)
    assert not mark.exists()


def test_the_network_is_out_of_reach():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)"
        assert sandbox.run(program).verdict == "failed"
        # The hook's word; where there are namespaces nothing would answer either.
        assert "not allowed" in sandbox.run(program).message
