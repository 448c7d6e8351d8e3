"""Renames in languages without a resolver, by the scopes of the syntax and by words."""
