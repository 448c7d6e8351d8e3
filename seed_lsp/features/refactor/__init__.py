"""Rewrite a selection as an instruction says."""
