"""What the features share: the engine's client, settings, status, counts, and jedi's thread."""
