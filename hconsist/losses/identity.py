"""Which loss it is: what tells one from another wherever something is remembered about it.

A loss of the package is its class and its parameters. A class of somebody else may compare as it
likes, hold parameters that its equality does not know, and change: it is the object, with the steps
of its formula as they are now (`hconsist.losses.proving.written`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hconsist.losses.base import Loss
from hconsist.losses.forms import Transport
from hconsist.losses.forms_of_scores import ScoreForm
from hconsist.losses.proving.written import Written, written


@dataclass(frozen=True, eq=False)
class Itself:
    """An object that is equal to itself alone."""

    value: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def own(value: object) -> bool:
    """Whether the class of an object is one of the package.

    >>> from hconsist.losses import parse_loss
    >>> own(parse_loss("logistic")), own(object())
    (True, False)
    """
    return own_class(type(value))


def own_class(kind: type) -> bool:
    """Whether a class is one of the package."""
    return kind.__module__.startswith("hconsist.")


def all_own(loss: Loss) -> bool:
    """Whether the loss, and every loss that it is made of, is of a class of the package.

    >>> from hconsist.losses import parse_loss
    >>> all_own(parse_loss("constrained:phi=hinge"))
    True
    """
    return all(map(own, _parts(loss)))


def _parts(value: object) -> Iterator[Loss]:
    """The losses that a value is or holds, the value first."""
    if isinstance(value, Loss):
        yield value
        value = tuple(vars(value).values())
    if isinstance(value, tuple | list):
        for part in value:
            yield from _parts(part)


#: What a class may say of its formula that no method looks at again.
_BELIEVED = ("_own_forms", "prediction_form", "order_weights")


def believed(loss: Loss, n_scores: int) -> str:
    """What a stranger's class says of its formula and proofs would have to believe; empty where
    there is none. Forms that hold the formula itself, step by step, are no hearsay.

    >>> from hconsist.losses import parse_loss
    >>> believed(parse_loss("logistic"), 2)
    ''
    """
    for part in _parts(loss):
        for name in _BELIEVED:
            owner = next(c for c in type(part).__mro__ if name in vars(c))
            if own_class(owner) or (name == "_own_forms" and _held(part, n_scores)):
                continue
            return f"{name} of {owner.__name__} is declared, and not shown"
    return ""


def _held(loss: Loss, n_scores: int) -> bool:
    """Whether every form of a loss holds its formula."""
    steps = written(loss.losses, n_scores)
    return all(
        isinstance(form, ScoreForm | Transport) and written(form.losses, n_scores) == steps
        for form in loss.forms[:-1]
    )


def steps_of(loss: Loss, n_scores: int) -> Written | None:
    """The steps of the formula, where a class of somebody else writes some of it; None of a loss of
    the package.

    >>> from hconsist.losses import parse_loss
    >>> steps_of(parse_loss("logistic"), 2) is None
    True
    """
    return None if all_own(loss) else _written(loss, n_scores)


def _written(loss: Loss, n_scores: int) -> Written:
    return written(loss.losses, n_scores, of_labels=loss.scores_of == "labels")


def identity(loss: Loss, n_scores: int) -> tuple[object, Written | None]:
    """What tells the loss from others, and the steps of its formula as of `steps_of`. Where they
    are not those that were seen before, what was found out about the loss is forgotten.
    """
    steps = steps_of(loss, n_scores)
    if steps is None:
        return loss, None
    seen: dict[int, Written] = loss.kept("steps", dict)
    now = {n: _written(loss, n) for n in seen} | {n_scores: steps}
    if steps.reason or any(now[n] != found for n, found in seen.items()):
        for part in _parts(loss):
            part.forget()
    loss.kept("steps", dict).update(now)
    return (Itself(loss), steps), steps
