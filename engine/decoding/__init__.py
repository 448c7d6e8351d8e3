"""Block diffusion sampling: policy, drafts, verification and the one loop that uses them."""
