"""Documentation of definitions: which have none, how a project writes it, and the model's words."""
