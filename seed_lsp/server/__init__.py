"""The language server and the HTTP endpoint: the protocol alone, which translates, delegates, and translates back."""
