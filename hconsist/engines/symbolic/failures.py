"""SymPy's own failures, told as refusals: it raises what it likes where it has no algorithm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Packages whose failures are no errors of ours.
_OTHERS = ("sympy", "mpmath")


@contextmanager
def told(refusal: Callable[[str], Exception]) -> Iterator[None]:
    """Turn an exception that was raised inside SymPy into a refusal; ours pass unchanged.

    Parameters
    ----------
    refusal : callable
        Makes the exception from what SymPy said.

    Examples
    --------
    >>> import sympy
    >>> x = sympy.Symbol("x")
    >>> with told(ValueError):  # doctest: +ELLIPSIS
    ...     sympy.Poly(sympy.sqrt(1 - x) + x, x)
    Traceback (most recent call last):
    ValueError: SymPy stopped (PolynomialError: sqrt(1 - x) contains an element of the set of ...
    >>> with told(ValueError):
    ...     1 / 0
    Traceback (most recent call last):
    ZeroDivisionError: division by zero
    """
    try:
        yield
    except Exception as problem:
        frame = problem.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        module = frame.tb_frame.f_globals.get("__name__", "") if frame is not None else ""
        if module.split(".")[0] not in _OTHERS:
            raise
        said = str(problem).strip().splitlines() or [""]
        words = f"{type(problem).__name__}: {said[0]}" if said[0] else type(problem).__name__
        raise refusal(f"SymPy stopped ({words})") from problem
