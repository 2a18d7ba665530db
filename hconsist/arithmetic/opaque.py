"""What stands for a vector and is no array."""

from __future__ import annotations

from typing import NoReturn

from hconsist.errors import InvalidInputError


class Opaque:
    """A value that NumPy must not look at: to it a whole vector would be one number, and its sum,
    its largest entry or its first one the vector itself. Nor is it equal to anything, true or
    false: Python would take two objects for two numbers, and any object for a number but 0.

    >>> import numpy as np
    >>> from hconsist.errors import InvalidInputError
    >>> try:
    ...     np.cumsum(Opaque())
    ... except InvalidInputError as problem:
    ...     print(problem.remedy)
    use ops.sum, ops.max, ...
    """

    __slots__ = ()
    __array_ufunc__ = None  # so that ndarray * Opaque reaches Opaque.__rmul__

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> NoReturn:
        raise InvalidInputError(
            "a loss must be written with ops",
            "a comparison by == or !=, which does not see the entries",
            "use ops.less, ops.all_of and ops.select",
        )

    __ne__ = __eq__

    def __bool__(self) -> NoReturn:
        raise InvalidInputError(
            "a loss must be written with ops",
            "a question whether a value is 0, which is not known",
            "use ops.less, ops.all_of and ops.select",
        )

    def __array__(self, *_: object, **__: object) -> NoReturn:
        raise InvalidInputError(
            "a loss must be written with ops",
            "a function of NumPy, which does not see the entries",
            "use ops.sum, ops.max, ...",
        )
