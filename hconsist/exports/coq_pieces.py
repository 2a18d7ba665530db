"""Coverings in Coq: pieces in order, and what a claim is on each."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hconsist.checker import Statement, Tree
from hconsist.checker.coverage import Piece, read_piece
from hconsist.checker.reading import Fields
from hconsist.checker.statements import claim_at, resolved
from hconsist.checker.trees import minus
from hconsist.exports.coq_signs import SIDE, constant, continuity, rational
from hconsist.exports.coq_terms import number, refuse, term


def pieces_of(proof: Fields, stop: Fraction = Fraction(1)) -> list[Piece]:
    """The pieces from b = 0 to a number, which must be intervals of b with rational ends."""
    pieces = [read_piece(raw, "witness") for raw in proof["pieces"]]
    here = Fraction(0)
    for piece in pieces:
        if piece.at != "x" or rational(piece.low) != here:
            raise refuse("a covering by curves, or that is not by intervals of b in order")
        here = rational(piece.high)
    if here != stop:
        raise refuse(f"a covering that does not end at {stop}")
    return pieces


def claim_lemmas(s: Statement, k: int, piece: Piece) -> tuple[Tree, list[str]]:
    """The claim on a piece without its cases, its continuity, and that it is the claim there."""
    claim = resolved(s.claim, piece.ends())
    low, high = (number(rational(e)) for e in (piece.low, piece.high))
    start = "<=" if k == 0 else "<"  # at 0 as well
    return claim, [
        f"Definition claim_{k} (b : R) : R := {term(claim)}.",
        f"Lemma claim_{k}_is : forall b, {low} {start} b <= {high} -> claim b = claim_{k} b.",
        f"Proof. intros b Hb. unfold claim, claim_{k}. "
        "repeat match goal with |- context [Rle_dec b ?y] => destruct (Rle_dec b y) end;",
        "first [reflexivity | exfalso; lra]. Qed.",
        f"Lemma claim_{k}_continuous : continuous claim_{k} {high}.",
        f"Proof. unfold claim_{k}.",
        *continuity(claim, "b", SIDE),
        "Qed.",
    ]


def chain(ends: list[str], level: str, end: str, first: int = 0) -> list[str]:
    """The cases that a number b > 0 is an end of a piece or inside one; it remains that b is more.

    Pieces are numbered from ``first``.
    """
    lines = ["intros b Hb."]
    for k, stop in enumerate(ends, start=first):
        lines += [
            f"destruct (Rlt_dec b {stop}) as [H{k}|H{k}]; [apply {level}_{k}; auto; lra|].",
            f"destruct (Req_dec b {stop}) as [E{k}|E{k}]; [rewrite E{k}; apply {end}_{k}; auto|].",
        ]
    return lines


def for_every_b(pieces: Sequence[Piece], bound: str) -> list[str]:
    """``H``: a bound ``bound b (claim b)`` at every b > 0, from ``level_k`` and ``end_k``."""
    return [
        f"assert (forall b, 0 < b <= 1 -> {bound} b (claim b)) as H.",
        "{",
        *chain([number(rational(p.high)) for p in pieces], "level", "end"),
        "exfalso. lra.",
        "}",
    ]


def at_zero(s: Statement, problem: str, over: str = "", intros: str = "") -> list[str]:
    """``at_zero``: T is at least the claim at 0, which must be 0 or less there."""
    start = claim_at(s.claim, "0")
    return [
        f"Lemma at_zero : {over}T_at_least {problem} 0 (claim 0).",
        f"Proof. {intros}apply T_at_zero. unfold claim.",
        "repeat match goal with |- context [Rle_dec 0 ?y] => destruct (Rle_dec 0 y); "
        "[|exfalso; lra] end.",
        f"enough (0 <= {term(minus('0', start))}) by lra.",
        *constant(minus("0", start)),
        "Qed.",
        "",
    ]


def _apart(name: str, smaller: str, larger: str, b: str, gap: Tree) -> list[str]:
    return [
        f"Lemma {name} : {smaller} < {larger}.",
        "Proof. unfold claim.",
        f"repeat match goal with |- context [Rle_dec {b} ?y] => destruct (Rle_dec {b} y) end;",
        "try (exfalso; lra).",
        f"enough (0 < {term(gap)}) by lra.",
        *constant(gap, strict=True),
        "Qed.",
    ]


def claim_is_less(s: Statement, beta: str, reached: Fraction) -> list[str]:
    """``claim_is_less``: the claim is below a number at one b."""
    b, gap = number(Fraction(beta)), minus(str(reached), claim_at(s.claim, beta))
    return _apart("claim_is_less", f"claim {b}", number(reached), b, gap)


def claim_is_more(s: Statement, beta: str, reached: Fraction) -> list[str]:
    """``claim_is_more``: the claim is above a number at one b."""
    b, gap = number(Fraction(beta)), minus(claim_at(s.claim, beta), str(reached))
    return _apart("claim_is_more", number(reached), f"claim {b}", b, gap)
