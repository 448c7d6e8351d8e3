"""Rename a symbol with everything that refers to it."""
