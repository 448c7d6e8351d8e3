"""Measurements: speed, and whether `verified` writes what the base writes."""
