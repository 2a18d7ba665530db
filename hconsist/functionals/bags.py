"""Labels known as means over bags: loss of bags against loss of instances.

With predictions f_1, ..., f_k in a bag and the mean label m,

    (1/k) sum_i (f_i - m)^2  =  (mean f - m)^2  +  (1/k) sum_i (f_i - mean f)^2 :

the loss of instances is the loss of the bag plus the spread of the predictions in it, a
regulariser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hconsist.arithmetic.exact import Value
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    import sympy


def instance_identity(size: int) -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """Loss of instances, loss of the bag, and their difference, expanded and compared.

    Raises
    ------
    AssertionError
        If the identity failed.

    >>> instance, bag, spread = instance_identity(3)
    >>> import sympy
    >>> sympy.expand(instance - bag - spread)
    0
    """
    import sympy

    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise InvalidInputError("a bag has a whole number of instances >= 1", size, "pass 3")
    f = sympy.symbols(f"f1:{size + 1}")
    m = sympy.Symbol("m")
    mean = sum(f) / size
    instance = sum((v - m) ** 2 for v in f) / size
    bag = (mean - m) ** 2
    spread = sum((v - mean) ** 2 for v in f) / size
    assert sympy.expand(instance - bag - spread) == 0
    return instance, bag, spread


@dataclass(frozen=True)
class BagDesign:
    """Linear regression from mean labels of random bags, each mean with noise added for privacy.

    Features are standard normal in d dimensions, y = <x, theta> + noise of variance noise^2, n
    instances in bags of size k; the mean label of a bag gets noise of variance mechanism^2 / k^2 (a
    label moves a mean by 1/k).

    Parameters
    ----------
    instances, dimension : int
    signal : float
        |theta|.
    noise, mechanism : float

    Examples
    --------
    >>> design = BagDesign(10_000, 20, signal=1.0, noise=1.0, mechanism=20.0)
    >>> round(design.best_size(), 3)
    1.802
    """

    instances: int
    dimension: int
    signal: float = 1.0
    noise: float = 1.0
    mechanism: float = 0.0

    def instance_error(self, size: float) -> float:
        """E|estimate - theta|^2 of least squares on instances with their bag's mean as label, to
        the first order in 1/n.

        With s the sum of the features of a bag and X'X near n: the estimate is the sum over bags of
        s mean(y), over n. Its mean is theta/k; given X'X, what is left of a bag's s s'theta/k is
        the sum over i != j of x_i x_j'theta/k, with k (k - 1) (d + 1) signal^2 / k^2 as trace of
        its variance; noise adds d (noise^2 + mechanism^2/k).
        """
        u = 1 / size
        linear, square = self._variance()
        return (1 - u) ** 2 * self.signal**2 + linear * u + square * u**2

    def _variance(self) -> tuple[float, float]:
        """The factors of 1/k and 1/k^2."""
        spread = (self.dimension + 1) * self.signal**2
        d, n = self.dimension, self.instances
        return (spread + d * self.noise**2) / n, (d * self.mechanism**2 - spread) / n

    def bag_error(self, size: float) -> float:
        """E|estimate - theta|^2 of least squares on bags: d (k noise^2 + mechanism^2) / (n - k (d
        + 1)), exact for k dividing n; it grows with k.
        """
        left = self.instances - size * (self.dimension + 1)
        if left <= 0:
            return float("inf")
        return self.dimension * (size * self.noise**2 + self.mechanism**2) / left

    def best_size(self) -> float:
        """The size that minimises `instance_error`, a real number >= 1: with u = 1/k, (1 - u)^2 A
        + B u + C u^2 is least at u = (A - B/2)/(A + C).
        """
        a = self.signal**2
        b, c = self._variance()
        u = (a - b / 2) / (a + c)
        return float("inf") if u <= 0 else float(max(1.0, 1 / u))

    def simulate(self, size: int, repetitions: int, seed: int = 0) -> tuple[float, float]:
        """Monte Carlo of both errors: (instances, bags)."""
        random = np.random.default_rng(seed)
        n, d, k = self.instances - self.instances % size, self.dimension, size
        totals = np.zeros(2)
        for _ in range(repetitions):
            theta = random.standard_normal(d)
            theta *= self.signal / np.linalg.norm(theta)
            x = random.standard_normal((n, d))
            y = x @ theta + self.noise * random.standard_normal(n)
            means = y.reshape(-1, k).mean(axis=1)
            means = means + self.mechanism / k * random.standard_normal(n // k)
            pairs: list[tuple[Value, Value]] = [
                (x, np.repeat(means, k)),
                (x.reshape(-1, k, d).mean(axis=1), means),
            ]
            for i, (features, labels) in enumerate(pairs):
                found = np.linalg.lstsq(features, labels, rcond=None)[0]
                totals[i] += np.sum((found - theta) ** 2)
        return float(totals[0] / repetitions), float(totals[1] / repetitions)
