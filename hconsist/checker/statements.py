"""What a certificate states, and how it is said in words.

For a loss, a target and scores h in the hypothesis set (all vectors of R^n; or all with |h| <= B):
with p a distribution of the label, the *surrogate regret* of h is its conditional risk less the
infimum over the set (infinite where that is -inf), the *target regret* is the cost of what h
predicts less the least cost; ties may predict any label that ties. A loss of all scores has a score
s_r for each prediction r, and predicts one with the largest score; for the others see
`Statement.words`. Then

    T(b)     = inf { surrogate regret : target regret >= b }  over p and h, for b >= 0,
    Gamma(e) = sup { b : T**(b) <= e },  T** the largest convex function below T on [0, 1].

T is >= 0 and non-decreasing, by definition; where nothing has target regret >= b, T(b) is inf.

The target is zero-one; or "top": k labels are predicted, which have the k largest scores, and the
target regret is the largest probability of k labels less that of the predicted ones; or a table of
costs. A *gap* is about no target and a finite distribution of inputs, with weights and the label
distribution p of each: the infimum of the mean risk over the functions with these scores (all of
them, or constant ones) less the mean of the infima. It is inf where only the latter is -inf.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hconsist.checker.limits import CLASSES, COUNTED_CLASSES, Rejected, need, within
from hconsist.checker.obligations import equal, value
from hconsist.checker.piecewise import names_of
from hconsist.checker.reading import fields, items, text
from hconsist.checker.trees import Tree, check_tree, minus, put, rational
from hconsist.checker.words import infix

KINDS = {
    "softmax": ("u", "loss(h, y) = g(u), u the softmax value of h at y"),
    "margin": ("v", "loss(h, y) = g(v), v = y h the margin of the score h at the label y = +-1"),
    "scores": ("s", "loss(h, y) = g_y(s1, s2, ...), one score for each prediction"),
}
GAPS = ("gap >=", "gap <=")
CLAIMS = ("T >=", "T <=", "Gamma <=", *GAPS)
MEMBERS = {"all": "all functions of the input", "constant": "constant scores"}
#: Kinds of hypothesis sets: whether scores are bounded, and whether they sum to zero.
HYPOTHESES = {
    "complete": (False, False), "bounded": (True, False),
    "zero-sum": (False, True), "zero-sum bounded": (True, True),
}  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """A statement, read and checked for form.

    Attributes
    ----------
    spec : str or None
        A name of the loss, for people: what is proven is about the formula.
    kind : {"softmax", "margin", "scores"}
    g : Tree or None
        The loss in u or in v; None for a loss of all scores.
    classes : int or None
        None means every n >= 2.
    costs : tuple of tuples of Fraction, or None
        Rows are predictions, columns labels; None is the zero-one target.
    bound : Fraction or None
        Scores lie in [-bound, bound].
    claim_kind : {"T >=", "T <=", "Gamma <=", "gap >=", "gap <="}
    claim : Tree
        In b for T, in e for Gamma, without variable for a gap.
    losses : tuple of Tree
        For a loss of all scores the loss of each label, in s1, s2, ...; piecewise linear.
    zero_sum : bool
        Whether the scores sum to zero.
    top : int
        How many labels are predicted; 1 is the zero-one target.
    members : {"", "all", "constant"}
        Of a gap: the functions.
    inputs : tuple of pairs
        Of a gap: weight and label distribution of each input.
    """

    spec: str | None
    kind: str
    g: Any  # a tree; None is never asked for
    classes: int | None
    costs: tuple[tuple[Fraction, ...], ...] | None
    bound: Fraction | None
    claim_kind: str
    claim: Tree
    losses: tuple[Tree, ...] = ()
    zero_sum: bool = False
    top: int = 1
    members: str = ""
    inputs: tuple[tuple[Fraction, tuple[Fraction, ...]], ...] = ()

    @property
    def scores(self) -> int:
        """The number of scores of a loss of all scores: one for each prediction."""
        return len(self.costs) if self.costs is not None else len(self.losses)

    @property
    def variable(self) -> str:
        """The letter of the loss formula."""
        return KINDS[self.kind][0]

    @property
    def highest(self) -> Tree:
        """The largest score: a rational string, or "inf"."""
        return "inf" if self.bound is None else str(self.bound)

    @property
    def largest(self) -> Fraction:
        """The largest target regret that the claim is about."""
        if self.costs is None:
            return Fraction(1)
        columns = list(zip(*self.costs, strict=True))
        return max((max(c) - min(c) for c in columns), default=Fraction(0))

    def loss(self, z: Tree) -> Tree:
        """The loss term at a softmax value or margin."""
        return put(self.g, self.variable, z)

    def words(self) -> list[str]:
        """The statement as it was checked, line by line."""
        n = "any number n >= 2 of" if self.classes is None else str(self.classes)
        lines = [f"loss       {KINDS[self.kind][1]}"]
        if self.kind == "scores":
            lines += [f"           g_{y + 1} = {infix(t)}" for y, t in enumerate(self.losses)]
        else:
            lines[0] += f", g({self.variable}) = {infix(self.g)}"
        lines.append(f"labels     {n} labels")
        if self.inputs:
            lines.append("inputs     weight: probabilities of the labels")
            lines += [f"           {w}: {', '.join(map(str, p))}" for w, p in self.inputs]
        elif self.top > 1:
            lines.append(f"target     the label is among the {self.top} predicted labels")
        elif self.costs is None:
            lines.append("target     zero-one loss")
        else:
            rows = "; ".join(", ".join(map(str, row)) for row in self.costs)
            lines.append(f"target     costs of predictions (rows) by label (columns): {rows}")
            lines.append(
                "           predicted: a row r with the largest score s_r"
                if self.kind == "scores"
                else "           predicted: a row of least expected cost under the softmax of h"
            )
        scores = "all scores" if self.bound is None else f"all scores h with |h| <= {self.bound}"
        scores += ", of sum zero" if self.zero_sum else ""
        lines.append(f"scores     {scores}")
        if self.inputs:
            lines.append(f"functions  {MEMBERS[self.members]}")
            if (self.claim_kind, self.members) == ("gap >=", "constant"):
                lines.append("           (the gap is inf where the infimum at an input is -inf)")
            lines.append(f"claim      {self.claim_kind} {infix(self.claim)}")
            return lines
        letter, stop = ("e", "every e >= 0") if self.claim_kind[0] == "G" else (
            "b", f"every b in [0, {self.largest}]")  # fmt: skip
        head, sign = self.claim_kind.split()
        lines.append(f"claim      {head}({letter}) {sign} {infix(self.claim)} for {stop}")
        return lines


def read_statement(data: object) -> Statement:
    """The statement of a certificate; `Rejected` where it is not of the schema."""
    s = fields(data, "statement", "loss classes target hypotheses claim")
    loss = fields(s["loss"], "loss", "spec kind formula")
    kind = text(loss["kind"], "the kind of a loss", *KINDS)
    spec = None if loss["spec"] is None else text(loss["spec"], "spec")
    if not isinstance(s["claim"], dict):
        raise Rejected("claim must be an object")
    claim_kind = text(s["claim"].get("kind"), "the kind of a claim", *CLAIMS)
    about_gap = claim_kind in GAPS
    claim = fields(s["claim"], "claim", "kind formula" + about_gap * " members inputs")
    if about_gap:
        check_tree(claim["formula"])
    elif claim_kind == "Gamma <=":
        check_tree(claim["formula"], "e")
    else:
        check_tree(claim["formula"], "b", cases=True)
    classes = _classes(s["classes"])
    costs, top = _target(s["target"], classes, about_gap)
    bound, zero_sum = _hypotheses(s["hypotheses"])
    need(kind != "margin" or classes == 2, "a margin loss has two classes")
    need(kind == "scores" or not zero_sum, "scores of sum zero go with losses of all scores")
    need(costs is None or kind != "margin", "costs do not go with losses of one margin")
    if kind == "softmax" and bound is not None:
        need(classes is not None, "softmax values of bounded scores need a number of classes")
        need(costs is None and top == 1, "bounded scores go with the zero-one target here")
    need(top == 1 or kind == "softmax", "several predicted labels go with softmax values here")
    members: str = ""
    inputs: tuple[tuple[Fraction, tuple[Fraction, ...]], ...] = ()
    if about_gap:
        members = text(claim["members"], "members", *MEMBERS)
        inputs = _inputs(claim["inputs"], classes)
    g: Tree | None = None
    losses: tuple[Tree, ...] = ()
    if kind == "scores":
        losses = _losses(loss["formula"], classes, len(costs) if costs is not None else classes)
    else:
        check_tree(loss["formula"], KINDS[kind][0])
        g = loss["formula"]
    return Statement(
        spec, kind, g, classes, costs, bound, claim_kind, claim["formula"], losses, zero_sum, top,
        members, inputs,
    )  # fmt: skip


def _inputs(data: object, classes: int | None) -> tuple[tuple[Fraction, tuple[Fraction, ...]], ...]:
    """Weights and label distributions of finitely many inputs."""
    found = []
    for entry in items(data, "inputs", 1_000):
        given = fields(entry, "an input", "weight p")
        p = tuple(map(rational, items(given["p"], "p", COUNTED_CLASSES)))
        need(len(p) == classes, "a gap needs a number of classes, and p an entry for each")
        need(min(p) >= 0 and sum(p) == 1, "p is not a distribution")
        weight = rational(given["weight"])
        need(weight > 0, "a weight must be positive")
        found.append((weight, p))
    need(sum(weight for weight, _ in found) == 1, "the weights must sum to 1")
    return tuple(found)


def _losses(formulas: object, classes: int | None, scores: int | None) -> tuple[Tree, ...]:
    """One formula a label; there is a score for each prediction."""
    if classes is None or scores is None:
        raise Rejected("a loss of all scores needs a number of classes")
    within(max(classes, scores), 100, "classes of a loss of all scores")
    found = tuple(items(formulas, "the formula of a loss of all scores", 100, 2))
    need(len(found) == classes, "a loss of all scores has one formula a label")
    for t in found:
        check_tree(t, *names_of(scores))
    return found


def _classes(n: object) -> int | None:
    if n == "any" and isinstance(n, str):
        return None
    if type(n) is not int:
        raise Rejected('classes must be a whole number, or "any"')
    need(n >= 2, "there must be two classes or more")
    within(n, CLASSES, "classes")
    return n


def _hypotheses(data: object) -> tuple[Fraction | None, bool]:
    """The score bound, if there is one, and whether scores sum to zero."""
    if not isinstance(data, dict):
        raise Rejected("hypotheses must be an object")
    kind = text(data.get("kind"), "hypotheses", *HYPOTHESES)
    bounded, zero_sum = HYPOTHESES[kind]
    if not bounded:
        fields(data, "hypotheses", "kind")
        return None, zero_sum
    bound = rational(fields(data, "hypotheses", "kind scores")["scores"])
    need(bound > 0, "the score bound must be positive")
    return bound, zero_sum


def _target(
    target: object, classes: int | None, about_gap: bool
) -> tuple[tuple[tuple[Fraction, ...], ...] | None, int]:
    """The table of costs, if there is one, and the number of predicted labels."""
    if not isinstance(target, dict):
        raise Rejected("target must be an object")
    kind = text(target.get("kind"), "target", "zero-one", "top", "costs", "none")
    need((kind == "none") == about_gap, 'the target of a gap, and of nothing else, is "none"')
    if kind == "costs":
        rows = items(fields(target, "target", "kind matrix")["matrix"], "matrix", 100, 2)
        costs = tuple(tuple(map(rational, items(row, "a row of costs", 100, 2))) for row in rows)
        need(all(len(row) == classes for row in costs), "a row of costs has one entry a label")
        need(len(set(costs)) == len(costs), "two predictions have the same costs")
        return costs, 1
    if kind == "top":
        k = fields(target, "target", "kind k")["k"]
        if type(k) is not int or classes is None:
            raise Rejected("several predicted labels need whole numbers of them and of classes")
        need(2 <= k < classes, "from 2 to n - 1 labels are predicted")
        return None, k
    fields(target, "target", "kind")
    return None, 1


def resolved(claim: Tree, ends: list[Tree]) -> Tree:
    """The claim without cases, right for every b between two ends; `Rejected` if a case changes.

    For b between the ends, ``["ifle", "b", c, s, t]`` is s where both ends are <= c, and t where
    both are >= c and c > 0. At b = c itself t may be wrong: c is then the end of an interval of
    larger numbers, and a covering of [0, 1] reaches c > 0 from smaller ones too, where s is used.
    """
    if isinstance(claim, str):
        return claim
    if claim[0] == "pow":
        return ["pow", resolved(claim[1], ends), claim[2]]
    if claim[0] != "ifle":
        return [claim[0], *(resolved(a, ends) for a in claim[1:])]
    _, _, cut, below, above = claim
    need(bool(value(cut) > 0), "a case must compare b with a number > 0")

    def not_above(s: Tree, t: Tree) -> bool:
        return equal(s, t) or bool(value(minus(t, s)) >= 0)

    if all(not_above(e, cut) for e in ends):
        return resolved(below, ends)
    need(all(not_above(cut, e) for e in ends), "a case is undecided on a piece")
    return resolved(above, ends)


def claim_at(claim: Tree, b: Tree) -> Tree:
    """The claim at one number b, each case decided as the formula says."""
    return put(resolved(claim, [b, b]), "b", b)
