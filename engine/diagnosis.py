"""Prints what torch and the kernels make of this machine: ``python -m engine.diagnosis``.

``seed-lsp doctor`` runs it.

It is a program of its own since the server's process must not import torch.
"""

from __future__ import annotations

import torch

from engine.engine import best_device, physical_cores
from engine.native import ops

CAPABILITIES = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def main() -> None:
    kernels = ops.load(threads=1)
    capabilities = torch.cpu.get_capabilities()
    found = [name for name in CAPABILITIES if capabilities.get(name)]
    print(f"torch {torch.__version__}; device {best_device()}, {physical_cores()} physical cores")
    print("cpu kernels: " + (kernels.name if kernels else "none; they need a compiler at installation, and AVX2 or AVX-512"))
    print("cpu: " + (" ".join(found) or "no vector extensions known"))
    # By measurement (docs/benchmarks.md, Latency): two cores with AVX-512 answer in half a second,
    # and AVX2 multiplies at 0.4 of that rate.
    quick = best_device() != "cpu" or (kernels is not None and kernels.name == "avx512")
    slow = 'the 1.5B may be late here; faster: "seed.inline.model": "qwen2.5-coder-0.5b-infill"'
    print(f"completions while typing: {'the 1.5B is quick enough here' if quick else slow}")


if __name__ == "__main__":
    main()
