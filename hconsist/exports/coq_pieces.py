"""Coverings in Coq: pieces in order, and what a claim is on each."""

from __future__ import annotations

from fractions import Fraction

from hconsist.checker import Statement, Tree
from hconsist.checker.coverage import Piece, read_piece
from hconsist.checker.reading import Fields
from hconsist.checker.statements import resolved
from hconsist.exports.coq_signs import SIDE, continuity, rational
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
