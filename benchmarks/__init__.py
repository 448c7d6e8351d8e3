"""Programs that measure, run by hand or by `make`; they are not installed with the distribution."""
