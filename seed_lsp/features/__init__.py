"""What the server can do, each feature without a word of the protocol."""
