"""Long measurements that are no tests: run by hand or by `make`, not installed with the distribution."""
