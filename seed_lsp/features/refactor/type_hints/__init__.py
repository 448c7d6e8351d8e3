"""Add type hints to the headers of functions: what can be computed is, and the model fills the
rest.
"""
