"""The least that a forward or a training step must do, counted from shapes.

    python -m benchmarks.gpu.work [--bandwidth BYTES_PER_S] [--rate OPERATIONS_PER_S]

It counts bytes through memory and operations, and prints the times that follow for the 1.5B's
shape, without a device.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from engine.config import ModelConfig

CODER_1_5B = ModelConfig(
    vocab_size=151936,
    hidden_size=1536,
    intermediate_size=8960,
    num_layers=28,
    num_heads=12,
    num_kv_heads=2,
    head_dim=128,
    rope_theta=1_000_000.0,
    rms_norm_eps=1e-6,
    max_positions=32768,
    qkv_bias=True,
)
"""Qwen2.5-Coder-1.5B."""
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
CACHED = (512, 2048)
WEIGHT_BYTES, LOGIT_BYTES = 2, 4
HEAD_IDS = 32768
"""Ids that a training text has: the head's other rows are left out there."""
RANK = 16


@dataclass(frozen=True)
class Work:
    """Bytes that must move, and operations.

    Each input is read once and each output written once. A product counts its multiplications and
    its additions.
    """

    bytes: int
    operations: int

    def __add__(self, other: Work) -> Work:
        return Work(self.bytes + other.bytes, self.operations + other.operations)

    def seconds(self, bandwidth: float, rate: float) -> float:
        return max(self.bytes / bandwidth, self.operations / rate)


def layer_weights(config: ModelConfig) -> int:
    """Numbers in the matrices of all layers."""
    attention = config.hidden_size * (2 * config.query_size + 2 * config.kv_size)
    return config.num_layers * (attention + 3 * config.hidden_size * config.intermediate_size)


def forward_work(config: ModelConfig, rows: int, cached: int) -> Work:
    """The work of `rows` rows in bf16 behind `cached` ones.

    It is all weights, the cache, and logits in float32 for each row.
    """
    weights = layer_weights(config) + config.vocab_size * config.hidden_size
    cache = 2 * config.num_layers * config.kv_size * (cached + rows)
    attention = 4 * config.num_layers * config.query_size * rows * (cached + rows)
    return Work(WEIGHT_BYTES * (weights + cache) + LOGIT_BYTES * rows * config.vocab_size, 2 * weights * rows + attention)


def clean_work(config: ModelConfig, sequences: int, length: int) -> Work:
    """The work of the clean rows of `sequences` texts of `length` tokens.

    Each row sees half of its text on average. There are no logits, and of the last layer keys and
    values alone.
    """
    rows, last = sequences * length, layer_weights(config) // config.num_layers - 2 * config.hidden_size * config.kv_size
    weights = layer_weights(config) - last
    attention = 4 * (config.num_layers - 1) * config.query_size * (length // 2)
    cache = 2 * config.num_layers * config.kv_size * rows
    return Work(WEIGHT_BYTES * (weights + cache), rows * (2 * weights + attention))


def step_work(config: ModelConfig, slots: int, window: int) -> Work:
    """The work of one more token of each of `slots` sequences.

    Attention is over `window` rows of each; logits need not be written.
    """
    weights = layer_weights(config) + config.vocab_size * config.hidden_size
    cache = 2 * config.num_layers * config.kv_size * slots * window
    attention = 4 * config.num_layers * config.query_size * slots * window
    return Work(WEIGHT_BYTES * (weights + cache), 2 * weights * slots + attention)


def training_work(config: ModelConfig, rows: int, *, seen: int, head_ids: int, rank: int) -> Work:
    """The work of `rows` noisy rows, forward and back, each of which sees `seen` rows.

    Frozen products cost 2 operations a weight each way; the adapter's, whose weights have gradients
    as well, 2 forward and 4 back; attention 4 for each pair forward and 8 back. Of the bytes only
    the weights are counted, once each way.
    """
    frozen = layer_weights(config) + head_ids * config.hidden_size
    widths = 2 * config.hidden_size + 2 * config.query_size  # q and o
    widths += 2 * (config.hidden_size + config.kv_size) + 3 * (config.hidden_size + config.intermediate_size)
    adapter = config.num_layers * rank * widths
    attention = 12 * config.num_layers * config.query_size * seen
    return Work(2 * WEIGHT_BYTES * frozen, rows * (4 * frozen + 6 * adapter + attention))


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.gpu.work", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bandwidth", type=float, default=4.3e12, help="bytes read and written a second (default 4.3e12)")
    parser.add_argument("--rate", type=float, default=790e12, help="bf16 operations a second (default 790e12)")
    chosen = parser.parse_args()
    print("| rows | cached | GB | operations (G) | ms at least |\n|---|---|---|---|---|")
    for cached in CACHED:
        for rows in ROWS:
            work = forward_work(CODER_1_5B, rows, cached)
            milliseconds = 1e3 * work.seconds(chosen.bandwidth, chosen.rate)
            print(f"| {rows} | {cached:,} | {work.bytes / 1e9:.2f} | {work.operations / 1e9:,.0f} | {milliseconds:.2f} |")
    work = training_work(CODER_1_5B, 1, seen=520, head_ids=HEAD_IDS, rank=RANK)
    for slots in (256, 512):
        seconds = step_work(CODER_1_5B, slots, 512).seconds(chosen.bandwidth, chosen.rate)
        print(f"\nA step of {slots} sequences behind 512 rows: {1e3 * seconds:.2f} ms, {slots / seconds:,.0f} tokens/s at most")
    clean = clean_work(CODER_1_5B, 16, 512)
    print(f"\nA clean row: {clean.operations / 16 / 512 / 1e9:.2f} G operations")
    print(f"\nA training row: {work.operations / 1e9:.2f} G operations, {chosen.rate / work.operations:,.0f} rows/s at most")


if __name__ == "__main__":
    main()
