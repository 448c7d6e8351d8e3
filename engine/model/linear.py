"""A frozen linear map whose weight lies in memory as the processor's kernel reads it fastest."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# oneDNN chooses a layout for a number of rows. The one for 16 rows serves 1 to 256 rows within 5 %
# of the best; the one for 1 row is two times slower at 4 rows and more (measured with 8960 x 1536
# weights, bf16 and float32).
PACK_ROWS = 16


class FrozenLinear:
    """The map y = x Wᵀ + b with `weight` (out, in) and `bias` (out,) or None.

    On a CPU the weight is packed for oneDNN once, here.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self.out_features, self.in_features = weight.shape
        self._bias = bias
        self._packed = weight.device.type == "cpu" and _onednn_packs(weight.dtype)
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), PACK_ROWS) if self._packed else weight

    def __call__(self, x: Tensor) -> Tensor:
        if self._packed:
            y: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, "none", [], "")
            return y
        return F.linear(x, self._weight, self._bias)


def _onednn_packs(dtype: torch.dtype) -> bool:
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if dtype is torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype is torch.float32
