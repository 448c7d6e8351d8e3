"""Ours against peers, each in a process of its own, in turns."""
