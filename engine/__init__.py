"""The diffusion engine: model, samplers, and the worker process that serves them.

Importing this package imports nothing heavy; ``engine.api`` is the only module that the language
server may import.
"""
