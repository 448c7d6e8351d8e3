"""What runs inside the sandbox's process before the program.

    sandbox_child.py CPU_SECONDS MEMORY FILE_BYTES OPEN_FILES PROGRAM

It imports the standard library alone.
"""

import contextlib
import ctypes
import os
import runpy
import signal
import sys

CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWPID = 0x10000000, 0x40000000, 0x20000000
PR_SET_PDEATHSIG = 1
PROCESSES = 64
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.kill", "shutil.rmtree")


def limit(cpu_seconds: int, memory: int, file_bytes: int, open_files: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, value in (
        ("CPU", cpu_seconds),
        ("AS", memory),
        ("FSIZE", file_bytes),
        ("NOFILE", open_files),
        ("NPROC", PROCESSES),
        ("CORE", 0),
    ):
        # A system may lack one of them, or have a lower one already.
        with contextlib.suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, f"RLIMIT_{what}"), (value, value))


def isolate() -> bool:
    """Enter new namespaces, with a first process in them that this one waits for and dies with.

    False where the system has none.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID):
        return False
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return True


def refuse(event: str, _arguments: object) -> None:
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"{event} is not allowed here")


def main() -> None:
    *limits, program = sys.argv[1:]
    isolate()
    limit(*map(int, limits))
    sys.addaudithook(refuse)
    sys.argv = [program]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
