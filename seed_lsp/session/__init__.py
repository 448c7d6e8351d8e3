"""What the features share: the engine's client, settings, status, counts, and the thread that jedi runs in."""
