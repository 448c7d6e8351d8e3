"""The language server. It does not import torch: the model lives in the engine's process."""

__version__ = "0.1.0"
