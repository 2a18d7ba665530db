"""``T >= claim`` holds: lower bounds of T, along a covering of [0, 1].

A `LowerRule` is a lemma of the kind "if these conditions hold, then for every admissible witness w
and every b in [0, 1], T(b) is at least the least of these terms". A proof gives pieces of a
covering of [0, 1], each with a witness, a tree in x. A rule may be about tables of costs too: then
[0, B] takes the place of [0, 1]; or say nothing at b = 0, which the theorem does not need.

**Theorem.** Let the conditions of the rule hold, claim(0) <= 0, and on each piece, for x in its
open interval and b = at(x): the witness is admissible, and each term minus claim(b) is >= 0. Let
the claim have values at the ends of the pieces. Then T(b) >= claim(b) for every b in [0, 1].
*Proof.* At b = 0: T >= 0 >= claim(0). Strictly between the ends of a piece, by lemma 4 and the
lemma of the rule. Any other b > 0 is the upper end of a piece whose lower end is smaller (finitely
many pieces cover the numbers just below b). There T(b) >= T(b') >= claim(b') for the b' < b of the
piece, as T does not decrease, and claim(b') -> claim(b) as b' -> b, by lemma 1; the cases of the
claim are resolved for these b' and for b alike (see `hconsist.checker.statements.resolved`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hconsist.checker.coverage import Piece, covering
from hconsist.checker.limits import need
from hconsist.checker.obligations import Number, Obligation, Sign
from hconsist.checker.reading import Fields, fields
from hconsist.checker.statements import Statement, claim_at, resolved
from hconsist.checker.trees import Tree, minus, put, rational

#: Terms of which the least is at most T(b), and trees that must be >= 0 for the witness to serve.
Bounds = tuple[list[Tree], list[Tree]]


@dataclass(frozen=True)
class LowerRule:
    """A lemma that gives lower bounds of T.

    Attributes
    ----------
    name : str
        The value of ``rule`` in a proof.
    keys : str
        Its keys in a proof, besides rule and pieces.
    lemmas : tuple of str
        What it rests on beyond the definitions.
    conditions : callable
        The obligations on the loss and the number of labels.
    bounds : callable
        From a statement, a proof, b and a witness.
    affine : bool
        Whether one term, affine in b where the witness is fixed, can be had: then it bounds T**
        too.
    any_target : bool
        Whether the lemma is about tables of costs too, for b in [0, B], B the largest target
        regret.
    from_zero : bool
        Whether the bound holds at b = 0 too, and not for b > 0 alone.
    beside : callable
        Trees that must be >= 0 too for the witness to serve, shown by the methods of a piece, after
        its other inequalities. From a statement, a proof and a witness.
    """

    name: str
    keys: str
    lemmas: tuple[str, ...]
    conditions: Callable[[Statement, Fields], Iterator[Obligation]]
    bounds: Callable[[Statement, Fields, Tree, Any], Bounds]
    affine: bool
    any_target: bool = False
    from_zero: bool = True
    beside: Callable[[Statement, Fields, Any], list[Tree]] = lambda *_: []


def holds(rule: LowerRule, s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves T >= claim by a rule."""
    need(s.costs is None or rule.any_target, "this rule is about the zero-one target")
    fields(proof, "proof", f"rule pieces {rule.keys}")
    yield from rule.conditions(s, proof)
    yield Number(minus("0", claim_at(s.claim, "0")), ">=", "the claim is positive at b = 0")
    for piece, ends, found in covering(proof["pieces"], "0", str(s.largest)):
        yield from found
        yield from on_piece(rule, s, proof, piece, ends)


def on_piece(
    rule: LowerRule, s: Statement, proof: Fields, piece: Piece, ends: list[Tree]
) -> Iterator[Obligation]:
    """What a piece of the covering must show."""
    claim = resolved(s.claim, ends)
    for end in ends:
        yield Number(put(claim, "b", end), "", "the claim has no value at an end")
    terms, sides = rule.bounds(s, proof, piece.at, piece.data["witness"])
    for side in sides:
        yield Sign(side, "x", piece.low, piece.high, "algebra:0", False, "witness")
    here = put(claim, "b", piece.at)
    also = rule.beside(s, proof, piece.data["witness"])
    shown = [(minus(t, here), "bound >= claim") for t in terms]
    yield from piece.signs([*shown, *((t, "the witness serves") for t in also)])


def refutes(rule: LowerRule, s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves that T <= claim fails: at one beta, every term is above the claim."""
    need(s.costs is None or rule.any_target, "this rule is about the zero-one target")
    fields(proof, "proof", f"rule beta witness {rule.keys}")
    beta = beta_of(s, proof)
    need(rule.from_zero or rational(beta) > 0, "the bound of this rule is for b > 0")
    yield from rule.conditions(s, proof)
    terms, sides = rule.bounds(s, proof, beta, proof["witness"])
    for side in [*sides, *rule.beside(s, proof, proof["witness"])]:
        yield Number(side, ">=", "the witness is not admissible")
    for term in terms:
        yield Number(minus(term, claim_at(s.claim, beta)), ">", "T <= claim is not refuted")


def beta_of(s: Statement, proof: Fields) -> Tree:
    """The beta of a refutation, a rational in [0, B], B the largest target regret."""
    need(0 <= rational(proof["beta"]) <= s.largest, f"beta must lie in [0, {s.largest}]")
    return str(proof["beta"])
