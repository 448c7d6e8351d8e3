"""Renames in languages that no resolver is there for: by scopes and by their words."""
