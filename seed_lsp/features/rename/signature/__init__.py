"""Change the parameters of a function or a class, with all its calls."""
