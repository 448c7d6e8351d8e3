"""Training the diffusion adapter: the text, the corruptions, the losses and the loop (docs/training.md)."""
