"""What a Python name refers to, in every file."""
