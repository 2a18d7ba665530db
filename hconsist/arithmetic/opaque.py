"""What stands for a vector and is no array."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from hconsist.errors import InvalidInputError

#: What an array asks its right operand for.
_OF_THE_RIGHT: dict[object, str] = {
    np.add: "__radd__",
    np.subtract: "__rsub__",
    np.multiply: "__rmul__",
    np.true_divide: "__rtruediv__",
}
_ASK = "use ops.less, ops.all_of and ops.select"


class Opaque:
    """A value that NumPy must not look at: to it a whole vector would be one number, and its sum,
    its largest entry or its first one the vector itself. Nor is it equal to anything, below it,
    in a set, or true: Python would take two objects for two numbers.

    >>> import numpy as np
    >>> from hconsist.errors import InvalidInputError
    >>> for wrong in (np.cumsum, np.exp, bool, float):
    ...     try:
    ...         wrong(Opaque())
    ...     except InvalidInputError as problem:
    ...         print(problem.received, "->", problem.remedy)
    a function of NumPy, which does not see the entries -> use ops.sum, ops.max, ...
    exp of NumPy, which does not see the entries -> use ops.exp, ops.sum, ops.max, ...
    a question of Python, which does not see the entries -> use ops.less, ops.all_of and ops.select
    a function of Python, which does not see the entries -> use ops.exp, ops.absolute, ...
    """

    __slots__ = ()

    def __eq__(self, other: object) -> NoReturn:
        raise _error("a question of Python", _ASK)  # ==

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__

    def __bool__(self) -> NoReturn:
        raise _error("a question of Python", _ASK)

    def __hash__(self) -> NoReturn:
        raise _error("a question of Python", _ASK)

    def __float__(self) -> NoReturn:
        raise _error("a function of Python", "use ops.exp, ops.absolute, ...")

    __int__ = __index__ = __round__ = __float__

    def __abs__(self) -> Any:
        raise _error("a function of Python", "use ops.exp, ops.absolute, ...")

    def __array__(self, *_: object, **__: object) -> NoReturn:
        raise _error("a function of NumPy", "use ops.sum, ops.max, ...")

    def __array_ufunc__(self, ufunc: np.ufunc, how: str, *inputs: Any, **options: Any) -> Any:
        """An array on the left of +, -, * or / leaves them to this value."""
        reflected = getattr(self, _OF_THE_RIGHT.get(ufunc, ""), None)
        if how == "__call__" and reflected and inputs[-1] is self and not options:
            return reflected(inputs[0])
        raise _error(f"{ufunc.__name__} of NumPy", "use ops.exp, ops.sum, ops.max, ...")


def _error(what: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(
        "a loss must be written with ops", f"{what}, which does not see the entries", remedy
    )
