"""What the torch network does on a GPU, in four minutes and without a model's file.

`make gpu-check` runs it; docs/gpu.md says what it measures.
"""
