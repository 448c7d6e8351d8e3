"""Campaigns against the server, bounded and seeded (`make soak`; docs/reliability.md says what each does)."""
