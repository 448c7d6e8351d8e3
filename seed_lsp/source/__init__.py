"""Source text: positions, syntax, context and patches. Pure: no I/O, no protocol."""
