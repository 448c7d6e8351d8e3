"""The language server. Nothing in this package imports torch: the model lives in the engine process."""

__version__ = "0.1.0"
