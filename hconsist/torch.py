"""Training with torch: `SurrogateLoss` is a module of logits and labels, for every loss.

Needs ``pip install 'hconsist[torch]'``.

>>> import torch
>>> from hconsist.torch import SurrogateLoss
>>> loss = SurrogateLoss("gce:q=0.7")
>>> logits = torch.zeros(2, 4, requires_grad=True)
>>> value = loss(logits, torch.tensor([0, 3]))
>>> value.backward()
>>> round(float(value.detach()), 3), tuple(logits.grad.shape)
(0.887, (2, 4))
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Literal

from hconsist.arithmetic import ArrayOps, Exact, OfParameter, Value
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.losses import Loss, parse_loss
from hconsist.losses.per_example import expected_losses, label_losses

try:
    import torch
except ImportError:
    raise ImportError("hconsist.torch needs torch: pip install 'hconsist[torch]'") from None

__all__ = ["SurrogateLoss"]

_REDUCTIONS = ("mean", "sum", "none")
#: Label distributions may miss 1 by the rounding of half precision.
_SUMS = 1e-2


class _TorchOps(ArrayOps):
    """Floats of torch whose gradients stay finite where the loss is: torch's own fused log-softmax,
    and no root differentiated at 0.
    """

    def __init__(self, namespace: ModuleType | None = None, **creation: object) -> None:
        super().__init__(importlib.import_module("array_api_compat.torch"), **creation)

    def log_softmax(self, scores: Value) -> Value:
        return torch.log_softmax(scores, dim=-1)

    def logsumexp(self, vector: Value) -> Value:
        return torch.logsumexp(vector, dim=-1)

    def power(self, x: Value, exponent: Exact | int) -> Value:
        if 0 < exponent < 1 and isinstance(
            x, torch.Tensor
        ):  # the slope at 0 is infinite: 0 times it must be 0
            x = torch.clamp(x, min=torch.finfo(x.dtype).tiny)
        return super().power(x, exponent)

    def maximum_over(
        self, function: OfParameter, slope: OfParameter, low: Value, high: Value
    ) -> Value:
        # The derivative of a maximum is the derivative at the maximiser: the search has none.
        with torch.no_grad():
            best, at = self.maximiser(function, slope, low, high)
        value = function(at, self)
        return torch.where(value.detach() >= best, value, value + (best - value).detach())


class SurrogateLoss(torch.nn.Module):  # type: ignore[misc]  # torch has no types where it is not
    """A surrogate loss as a module, differentiable, of every name in the catalogue and of your own.

    Domain: logits in R^K; a loss of two labels takes K = 2 and the margin (s_y - s_other) / 2.
    Losses over scores that sum to zero are taken at the logits less their mean.

    Parameters
    ----------
    loss : str or Loss
        A spec string, or a loss of the package or of yours.
    reduction : {"mean", "sum", "none"}
        As in `torch.nn.functional.cross_entropy`: with label weights the mean over labels divides
        by the sum of their weights, the mean over label distributions by their number.
    weight : tensor (K,), optional
        A factor >= 0 for each label.

    Shapes: logits (..., K); labels (...) of an integer type, or label distributions (..., K) of a
    floating type; the value is a scalar, or (...) for "none".

    Half precision is raised to float32, inside autocast too, and softmax values are carried by
    their logarithms: where the loss is finite, so are value and gradient.

    Raises
    ------
    InvalidInputError
        For a loss of another number of labels, shapes that do not fit, labels out of range or
        distributions that are none (values are looked at on the CPU alone: on a device that would
        stop it).

    Examples
    --------
    >>> logits, p = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.5, 0.5]])
    >>> SurrogateLoss("logistic", reduction="none")(logits, p)
    tensor([1.1269])
    >>> SurrogateLoss("hinge", weight=torch.tensor([1.0, 3.0]))(logits, torch.tensor([1]))
    tensor(2.)
    """

    def __init__(
        self,
        loss: str | Loss = "logistic",
        reduction: Literal["mean", "sum", "none"] = "mean",
        weight: Value = None,
    ) -> None:
        super().__init__()
        self.loss = parse_loss(loss)
        if reduction not in _REDUCTIONS:
            raise UnknownNameError("reduction", str(reduction), _REDUCTIONS)
        self.reduction = reduction
        if weight is not None:
            weight = torch.as_tensor(weight)
            if weight.ndim != 1 or not bool((weight >= 0).all()):
                raise InvalidInputError(
                    "weight must be one number >= 0 for each label",
                    weight.tolist(),
                    "pass a tensor of shape (K,)",
                )
        self.register_buffer("weight", weight)

    def forward(self, logits: Value, labels: Value) -> Value:
        """The loss of a batch."""
        with torch.autocast(logits.device.type, enabled=False):
            if logits.dtype in (torch.float16, torch.bfloat16):
                logits = logits.float()
            ops = _TorchOps(dtype=logits.dtype, device=logits.device)
            hard = not labels.is_floating_point()
            self._check(logits, labels, hard)
            if hard:
                labels = labels.long()
                values = label_losses(self.loss, logits, labels, ops)
                scale = None if self.weight is None else self.weight.to(logits)[labels]
                values = values if scale is None else values * scale
            else:
                p = labels.to(logits.dtype)
                scale = None
                if self.weight is not None:
                    p = p * self.weight.to(logits)
                values = expected_losses(self.loss, logits, p, ops)
            if self.reduction == "none":
                return values
            if self.reduction == "sum":
                return values.sum()
            return values.mean() if scale is None else values.sum() / scale.sum()

    def extra_repr(self) -> str:
        """The loss and the reduction, for print."""
        return f"{self.loss.spec!r}, reduction={self.reduction!r}"

    def _check(self, logits: Value, labels: Value, hard: bool) -> None:
        if logits.ndim == 0 or not logits.is_floating_point():
            raise InvalidInputError(
                "logits must be floating, of shape (..., K)",
                f"{logits.dtype}, shape {tuple(logits.shape)}",
                "labels come last in the call, classes last in the shape",
            )
        n = logits.shape[-1]
        expected = tuple(logits.shape[:-1]) if hard else tuple(logits.shape)
        if tuple(labels.shape) != expected:
            raise InvalidInputError(
                f"{'labels' if hard else 'label distributions'} must have shape {expected}",
                f"shape {tuple(labels.shape)}",
                "pass integer labels (...), or floating distributions (..., K)",
            )
        if self.weight is not None and self.weight.shape[0] != n:
            raise InvalidInputError(
                f"weight must have {n} entries", self.weight.shape[0], "one for each label"
            )
        if labels.device.type != "cpu" or labels.numel() == 0:
            return
        low, high = (float(v) for v in torch.aminmax(labels))
        if hard and not (low >= 0 and high < n):
            raise InvalidInputError(
                f"labels must be 0..{n - 1}", int(low if low < 0 else high), "one label an example"
            )
        if not hard:
            off = float((labels.sum(-1) - 1).abs().max())
            if not (low >= 0 and off <= _SUMS):
                raise InvalidInputError(
                    "label distributions must be non-negative and sum to 1",
                    f"least entry {low:g}, farthest sum {1 + off:g}",
                    "divide annotators' counts by their number",
                )
