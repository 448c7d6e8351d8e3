"""Renames in whole packages, in random programs, against peers, and at scale."""
