"""Write the same thing in another form of Python, computed from the syntax."""
