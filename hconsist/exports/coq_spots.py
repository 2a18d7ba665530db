"""Where a rule is applied: inside a piece, or at one number."""

from __future__ import annotations

from dataclasses import dataclass

from hconsist.checker import Sign, Tree
from hconsist.exports.coq_signs import box, constant, direct, has, inside
from hconsist.exports.coq_terms import term


@dataclass(frozen=True)
class Spot:
    """A target regret b at which a rule bounds T from below by a value.

    Attributes
    ----------
    b : Tree
    facts : list of str
        Proofs of ``0 <= bound - value``, one for each bound of the rule.
    value : str
        What to unfold in the value; empty where it is a number.
    ends : tuple of Tree, or None
        Of the piece, in x with the hypothesis Hx; None where no variable occurs.
    """

    b: Tree
    facts: list[str]
    value: str
    ends: tuple[Tree, Tree] | None

    @property
    def text(self) -> str:
        """b as a term."""
        return term(self.b)

    def unfold(self, *names: str) -> str:
        """The step that opens definitions and the value."""
        return f"unfold {', '.join([*names, *([self.value] if self.value else [])])}."

    def shown(
        self, name: str, t: Tree, strict: bool = False, method: str = "algebra:0"
    ) -> list[str]:
        """Steps that put ``name : 0 <= t`` (or <) among the hypotheses; no ladders."""
        relation = "<" if strict else "<="
        if self.ends is None:
            claim = f"assert ({name} : 0 {relation} {term(t)})."
            return [claim, "{ clear.", *constant(t, strict), "}"]
        o = Sign(t, "x", *self.ends, method, strict)
        steps = direct(o) if has(t, "x") else constant(t, strict)
        return [
            f"assert ({name} : forall x, {inside('x', *box(o))} -> 0 {relation} {term(t)}).",
            "{ clear. intros x Hx.", *steps, "}", f"specialize ({name} x Hx).",
        ]  # fmt: skip
