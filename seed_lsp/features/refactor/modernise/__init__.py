"""Write code in the newer or simpler form that a rule of ruff knows, without the model."""
