"""CPU kernels: see `ops`."""
