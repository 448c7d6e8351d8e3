"""A loaded model, which answers each request with a stream of events."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path

import torch

from engine.api import (
    NUMBER_FORMATS,
    Committed,
    Draft,
    EditRequest,
    Event,
    Finished,
    InvalidRequestError,
    ModelUnavailableError,
    Request,
    SamplingOptions,
)
from engine.config import ModelConfig, UnsupportedModelError
from engine.decoding.denoising_policy import Thresholds
from engine.decoding.departures import Departures, OtherText
from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.decoding.sampler import Accepted, Outcome, Sampler
from engine.decoding.step import BlockState
from engine.model import checkpoint, kernel_network
from engine.model.adapter import Adapter, AdapterError, load_adapter
from engine.model.cache import Cache
from engine.model.kernel_network import KernelNetwork
from engine.model.network import Network
from engine.model.quantize import QuantizationError
from engine.model.reading import CheckpointError, require_file
from engine.model.tokenizer import Tokenizer
from engine.model.transformer import Transformer
from engine.native import ops
from engine.prompts import Prompt, prompt_of
from engine.store import Located, Store, StoreError, UnknownModelError, find_spec, given_path

MASK_SIGN = "\u2591"
CACHES = 3
"""The number of prompts whose rows are kept.

Typing, next edits and refactorings take turns, and none should pay for another.

The rows of a thousand tokens of the 1.5B take 29 MB.
"""


@dataclass
class _Kept:
    """A cache, the tokens whose rows it holds, and when it was last used, as a number that grows
    with each request.
    """

    cache: Cache
    tokens: list[int] = field(default_factory=list)
    used: int = 0


class Engine:
    """One model on one device. Not thread-safe: a worker runs one request at a time."""

    def __init__(self, name: str, network: Network, tokenizer: Tokenizer) -> None:
        self.name = name
        self.network, self.tokenizer = network, tokenizer
        self._kept = [_Kept(network.new_cache())]

    @staticmethod
    def load(
        name: str,
        *,
        store: Store | None = None,
        device: str | None = None,
        dtype: str | None = None,
        threads: int | None = None,
        adapter: Path | None = None,
        report: checkpoint.Share = lambda _share: None,
    ) -> Engine:
        """Load a published model by name, a ``.gguf`` file or a folder; `ModelUnavailableError`
        where that fails.

        `adapter` is the file of another adapter than the one that ships with the model. `device`,
        and `dtype` (one of `NUMBER_FORMATS`), default to the best that the machine has, `threads`
        to the number of its physical cores. This sets the number of torch's own threads. The first
        time that a model is loaded its weights are packed; `report` is called with the share that
        is done, from 0 to 1.
        """
        chosen = torch.device(device or best_device())
        try:
            located = (store or Store()).locate(name)
            number_format = dtype or best_number_format(chosen, located)
            with torch.inference_mode():
                find = partial(_find_adapter, name, adapter)
                network, folder = _load_network(located, chosen, number_format, threads or physical_cores(), find, report=report)
                with checkpoint.telling_what_to_do(folder):
                    return Engine(name, network, _tokenizer(folder, network.config.vocab_size))
        except (StoreError, CheckpointError, UnsupportedModelError, QuantizationError, AdapterError, OSError, KeyError) as error:
            text = f"the checkpoint lacks the tensor {error}" if isinstance(error, KeyError) else str(error)
            raise ModelUnavailableError(text) from error

    def run(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False, *, thresholds: Thresholds | None = None
    ) -> Iterator[Event]:
        """Serve one request: yield `Draft` and `Committed` events, and at last a `Finished`.

        A bad one is an `InvalidRequestError`.

        `thresholds` are those of mode `diffusion`.
        """
        prompt = self.prompt_of(request)
        options = request.sampling
        room = self.network.config.max_positions - len(prompt.tokens) - options.block_size
        if room < options.max_new_tokens:
            raise InvalidRequestError(
                f"the prompt has {len(prompt.tokens)} tokens, which leaves no room for {options.max_new_tokens} more within the "
                f"model's {self.network.config.max_positions}; select less code or shorten the context"
            )
        if options.mode == "diffusion" or options.draft == "denoise":
            self._require_adapter()
        kept = self._reuse(prompt.tokens)
        reused = kept.cache.length
        reader = self._detokenizer(prompt)
        sampler = Sampler(
            self.network, kept.cache, prompt.tokens, reader, options, old=prompt.old, thresholds=thresholds, cancelled=cancelled
        )
        # Until the run is over, it is not known of which text the cache holds rows.
        kept.tokens = []
        if prompt.start:
            yield Committed(request.id, prompt.start)
        with torch.inference_mode():
            for event in sampler.run():
                if isinstance(event, BlockState):
                    yield Draft(request.id, self._show(event), event.step)
                elif isinstance(event, Accepted):
                    yield Committed(request.id, event.text)
                else:
                    others = self._alternatives(request, prompt, kept.cache, event, cancelled)
                    kept.tokens = sampler.tokens[: kept.cache.length]
                    yield self._finished(request, prompt, event, reused, others)

    def _alternatives(
        self, request: Request, prompt: Prompt, cache: Cache, outcome: Outcome, cancelled: Callable[[], bool]
    ) -> Sequence[OtherText]:
        """Other answers to an edit that wants them, the likeliest first."""
        if not isinstance(request, EditRequest) or not request.alternatives or outcome.finish_reason != "stop":
            return ()
        spent = outcome.prefill_seconds + outcome.decode_seconds
        search = Departures(
            self.network,
            cache,
            prompt.tokens,
            partial(self._detokenizer, prompt),
            opening=prompt.tokens[-prompt.opening :],
            options=request.sampling,
            cancelled=cancelled,
        )
        return search.run(outcome.tokens, request.alternatives, spent_s=spent)

    def _detokenizer(self, prompt: Prompt) -> IncrementalDetokenizer:
        return IncrementalDetokenizer(self.tokenizer, stop_tokens=prompt.stop_tokens, stop_strings=prompt.stop_strings)

    def sample(
        self, tokens: list[int], options: SamplingOptions, *, old: Sequence[int] = (), stop_tokens: frozenset[int] = frozenset()
    ) -> Outcome:
        """Continue `tokens` from an empty cache, for measurements.

        `old` is the code that is edited.
        """
        detokenizer = IncrementalDetokenizer(self.tokenizer, stop_tokens=stop_tokens)
        self.forget()
        with torch.inference_mode():
            *_, outcome = Sampler(self.network, self._kept[0].cache, tokens, detokenizer, options, old=old).run()
        self.forget()
        assert isinstance(outcome, Outcome)
        return outcome

    def prompt_of(self, request: Request) -> Prompt:
        """The request as the tokens that the network continues."""
        try:
            return prompt_of(self.tokenizer, request)
        except UnsupportedModelError as error:
            raise InvalidRequestError(f"{self.name} cannot do this: {error}") from error

    def _require_adapter(self) -> None:
        if self.network.adapter is None:
            raise InvalidRequestError(
                f"{self.name} has no diffusion adapter; use mode verified or autoregressive, and no draft by denoising"
            )

    def _reuse(self, tokens: list[int]) -> _Kept:
        """Choose a cache for `tokens`, and cut it back to the rows of their common beginning.

        It is the cache with the longest common beginning, unless more rows of it would be thrown
        away than saved: then it is a new one, or the one that was used longest ago. The last token
        is always run anew, for its logits.
        """
        self._kept.sort(key=lambda kept: kept.used)
        shared, best = max(((_shared(kept.tokens, tokens[:-1]), kept) for kept in self._kept), key=lambda found: found[0])
        if shared < len(best.tokens) - shared:
            if len(self._kept) < CACHES:
                self._kept.insert(0, _Kept(self.network.new_cache()))
            best = self._kept[0]
            shared = _shared(best.tokens, tokens[:-1])
        best.used = 1 + max(kept.used for kept in self._kept)
        best.cache.truncate(min(shared, best.cache.length))
        return best

    def _show(self, state: BlockState) -> str:
        pieces = [MASK_SIGN.encode() if token is None else self.tokenizer.token_bytes(token) for token in state.tokens]
        return b"".join(pieces).decode("utf-8", errors="replace")

    def _finished(self, request: Request, prompt: Prompt, outcome: Outcome, reused: int, others: Sequence[OtherText]) -> Finished:
        return Finished(
            id=request.id,
            text=prompt.read(outcome.text),
            finish_reason=outcome.finish_reason,
            mode=request.sampling.mode,
            new_tokens=len(outcome.tokens),
            forwards=outcome.forwards + sum(other.forwards for other in others),
            prompt_tokens=len(prompt.tokens),
            reused_tokens=reused,
            prefill_seconds=outcome.prefill_seconds,
            decode_seconds=outcome.decode_seconds + sum(other.seconds for other in others),
            peak_memory_bytes=peak_memory_bytes(),
            model=self.name,
            device=self.network.device.type,
            dtype=self.network.number_format,
            chances=outcome.probabilities,
            alternatives=tuple(prompt.read(other.text) for other in others),
        )

    def forget(self) -> None:
        """Drop the rows kept for the next request, so that a measurement starts cold."""
        for kept in self._kept:
            kept.tokens = []
            kept.cache.truncate(0)


def _tokenizer(folder: Path, rows: int) -> Tokenizer:
    path = folder / "tokenizer.json"
    require_file(path)
    try:
        return Tokenizer(folder, rows)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the tokenizers' library has no class for its errors
        raise CheckpointError(f"{path} is no tokenizer that can be used: {str(error)[:200] or type(error).__name__}") from error


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the common beginning of both."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def physical_cores() -> int:
    return int(torch.cpu.get_capabilities().get("num_physical_cores") or 0) or torch.get_num_threads()


def best_number_format(device: torch.device, located: Located) -> str:
    """The fastest number format: a GGUF file's own 4 bits on a CPU that the kernels know, else
    bfloat16 if multiplied natively, else float32.
    """
    if device.type != "cpu":
        return "bfloat16"
    if located.gguf is not None and ops.load(threads=1) is not None and kernel_network.fits(checkpoint.config_of(located)):
        return "int4"
    capabilities = torch.cpu.get_capabilities()
    native = any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))
    return "bfloat16" if native else "float32"


def _load_network(
    located: Located,
    device: torch.device,
    number_format: str,
    threads: int,
    find_adapter: Callable[..., Adapter | None],
    *,
    report: checkpoint.Share,
) -> tuple[Network, Path]:
    """Load the network; returned with the folder that it was read from."""
    if number_format not in NUMBER_FORMATS:
        raise InvalidRequestError(f"dtype {number_format!r} is unknown; use one of {', '.join(NUMBER_FORMATS)}")
    if number_format in {"bfloat16", "float32"}:
        torch.set_num_threads(threads)
        dtype = getattr(torch, number_format)
        folder = checkpoint.ensure_converted(located, "bfloat16", report)
        config, tensors = checkpoint.load_folder(folder, device=device, dtype=dtype)
        return Transformer(config, tensors, find_adapter(config, device, dtype)), folder
    kernels = ops.load(threads=threads) if device.type == "cpu" else None
    if kernels is None:
        raise InvalidRequestError(f"{number_format} needs the CPU kernels, which were not built or do not know this machine; use bfloat16")
    config = checkpoint.config_of(located)
    if not kernel_network.fits(config):
        raise InvalidRequestError(f"the CPU kernels do not fit this network's shapes; use bfloat16 instead of {number_format}")
    # The kernels have threads of their own, and torch's, which spin after each of its calls, would
    # take the cores from them.
    torch.set_num_threads(1)
    folder = checkpoint.ensure_converted(located, "int4" if number_format == "int4" else "int8", report)
    tensors = checkpoint.load_packed(folder)
    adapter = find_adapter(config, device, torch.float32)
    return KernelNetwork(config, tensors, kernels, number_format=number_format, adapter=adapter), folder


def peak_memory_bytes() -> int:
    """The most memory that this process ever held, with the memory-mapped pages of the weights; 0
    where unknown.
    """
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _find_adapter(name: str, given: Path | None, config: ModelConfig, device: torch.device, dtype: torch.dtype) -> Adapter | None:
    """Load the adapter that is given, ships for a published model, or lies in a model's folder;
    None if there is none.
    """
    folder = given_path(name)
    if given is not None:
        return load_adapter(given, config, device=device, dtype=dtype)
    if folder.is_dir():
        path = folder / checkpoint.ADAPTER
    else:
        try:
            shipped = find_spec(name).name
        except UnknownModelError:
            return None
        path = Path(str(files("engine") / "adapters" / f"{shipped}.safetensors"))
    return load_adapter(path, config, device=device, dtype=dtype) if path.exists() else None
