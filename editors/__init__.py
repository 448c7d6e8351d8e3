"""The plugins of the editors, and what is written from what they declare."""
