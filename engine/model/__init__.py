"""The network and its weights: store, checkpoint, transformer, cache, adapter, tokenizer."""
