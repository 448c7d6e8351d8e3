"""Training the diffusion adapter (docs/training.md)."""
