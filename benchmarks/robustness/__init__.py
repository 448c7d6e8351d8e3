"""Campaigns against the server, bounded and seeded.

`make soak` runs them; docs/reliability.md says what each does.
"""
