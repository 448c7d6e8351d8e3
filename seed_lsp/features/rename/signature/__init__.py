"""Change a function's or a class's parameters, with all its calls."""
