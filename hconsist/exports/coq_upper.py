"""``T <= claim`` in Coq, by tangents and by ties of two groups, along a covering."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hconsist.checker import Sign, Statement
from hconsist.checker.reading import Fields
from hconsist.checker.rules import above, ties
from hconsist.checker.rules.boxed import spread
from hconsist.checker.statements import resolved
from hconsist.checker.trees import minus
from hconsist.exports import coq_losses
from hconsist.exports.coq_bounded import bound_of, spread_is
from hconsist.exports.coq_pieces import claim_lemmas, for_every_b, pieces_of
from hconsist.exports.coq_signs import continuity, rational, sign_lemma
from hconsist.exports.coq_terms import number, term


def tangents(s: Statement, proof: Fields) -> list[str]:
    """The script of an upper bound by tangents."""
    lines = coq_losses.convex_loss(s).lines
    lines += [f"Definition claim (b : R) : R := {term(s.claim)}.", ""]
    pieces, flat = pieces_of(proof), coq_losses.is_flat(s)
    for k, piece in enumerate(pieces):
        _, found = claim_lemmas(s, k, piece)
        low, high = (number(rational(e)) for e in (piece.low, piece.high))
        lines += [f"(* piece {k}: b from {piece.low} to {piece.high} *)", *found]
        share = "1/2" if flat else piece.data["witness"]
        piece = replace(piece, data={**piece.data, "witness": share})
        signs = [o for o in above.on_piece(s, piece, piece.ends()) if isinstance(o, Sign)]
        for i, o in enumerate(signs[2:]):
            lines += sign_lemma(f"sign_{k}_{i}", o)
        for i, t in enumerate((share, minus("1", share))):
            lines += sign_lemma(
                f"share_{k}_{i}", Sign(t, "x", piece.low, piece.high, "algebra:0", True)
            )
        lines += [
            f"Lemma level_{k} : forall x, {low} < x < {high} -> tie_bound g x (claim x).",
            f"Proof. intros x Hx. rewrite claim_{k}_is by lra.",
            f"pose proof (share_{k}_0 x Hx) as W0. pose proof (share_{k}_1 x Hx) as W1.",
            f"pose proof (sign_{k}_0 x Hx) as S0. pose proof (sign_{k}_1 x Hx) as S1.",
            f"apply (tie_bound_by_tangents g x (claim_{k} x) {term(share)} "
            f"(g1 {term(share)}) (g1 (1 - {term(share)})));",
            "[lra|lra|apply g_tangent; unfold inside; lra|apply g_tangent; unfold inside; lra| |];",
            f"unfold two_label_risk, g, g1, claim_{k};",
            f"replace (1 - {term(share)}) with {term(minus('1', share))} by ring; lra.",
            "Qed.",
            f"Lemma end_{k} : tie_bound g {high} (claim {high}).",
            f"Proof. rewrite claim_{k}_is by lra.",
            f"apply (tie_bound_at_end g claim_{k} {high} {low} {high}); "
            f"[lra|lra|exact claim_{k}_continuous|].",
            f"intros c Hc. rewrite <- claim_{k}_is by lra. apply level_{k}. exact Hc. Qed.",
            "",
        ]
    first = resolved(s.claim, pieces[0].ends())
    high = number(rational(pieces[0].high))
    lines += [
        "Lemma at_zero : tie_bound g 0 (claim 0).",
        "Proof. rewrite claim_0_is by lra.",
        f"apply (tie_bound_at_end g claim_0 0 0 {high}); [lra|lra| |].",
        "{ unfold claim_0.", *continuity(first, "b"), "}",
        "intros c Hc. rewrite <- claim_0_is by lra. apply level_0. exact Hc. Qed.",
        "",
        *coq_losses.theorem(s, "T_at_most"),
        f"{coq_losses.intros(s)} apply upper_side; [lia|exact g_convex|exact g_falls|exact Hb0|].",
        "destruct (Req_dec b0 0) as [->|Hne]; [exact at_zero|].",
        *for_every_b(pieces, "tie_bound g"),
        "apply H. lra.",
        "Qed.",
    ]  # fmt: skip
    return lines


# ---- ties of two groups ----


def ties_hold(s: Statement, proof: Fields) -> list[str]:
    """The script of an upper bound by ties."""
    tied, corners = ties.corners(s)
    z, words = term(tied), BoundedTies(s) if s.bound is not None else TopTies(s)
    region = words.region
    loss = coq_losses.convex_loss(s)
    lines = [*loss.lines, f"Definition claim (b : R) : R := {term(s.claim)}."]
    pieces = pieces_of(proof)
    for i, piece in enumerate(pieces):
        _, found = claim_lemmas(s, i, piece)
        low, high = (number(rational(e)) for e in (piece.low, piece.high))
        lines += [f"(* piece {i}: b from {piece.low} to {piece.high} *)", *found]
        x, y = piece.data["witness"]
        signs = [o for o in ties.on_piece(s, piece, piece.ends()) if isinstance(o, Sign)]
        for j, o in enumerate(signs[4:]):
            lines += sign_lemma(f"sign_{i}_{j}", o)
        for j, t in enumerate((x, minus("1", x), y, minus("1", y))):
            side = Sign(t, "x", piece.low, piece.high, "algebra:0", True)
            lines += sign_lemma(f"side_{i}_{j}", side)
        facts = [f"pose proof (side_{i}_{j} x Hx) as W{j}." for j in range(4)]
        facts += [f"pose proof (sign_{i}_{j} x Hx) as S{j}." for j in range(len(signs[4:]))]
        plane = f"{words.corners} unfold plane, group_risk, g, g1, claim_{i}. lra."
        lines += [
            f"Lemma level_{i} : forall x, {low} < x < {high} -> "
            f"group_bound {region} g {z} x (claim x).",
            f"Proof. intros x Hx. rewrite claim_{i}_is by lra.",
            *facts,
            f"apply ({words.by_plane} g {z} x (claim_{i} x) {term(x)} {term(y)} "
            f"(g1 {term(x)}) (g1 {term(y)})).",
            *words.size,
            "- lra.",
            "- apply g_tangent; unfold inside; lra.",
            "- apply g_tangent; unfold inside; lra.",
            f"- pose proof (falls {term(x)} ltac:(lra)). unfold g1. lra.",
            f"- pose proof (falls {term(y)} ltac:(lra)). unfold g1. lra.",
            *([f"- {plane}"] * len(corners)),
            "Qed.",
            *_group_end(s, i, low, high, high, f"end_{i}", f"group_bound {region} g {z}"),
        ]
    first = number(rational(pieces[0].high))
    domain = "unit_closed" if loss.closed else "unit_open"
    return [
        *lines,
        *_group_end(s, 0, "0", first, "0", "at_zero", f"group_bound {region} g {z}"),
        *coq_losses.theorem(s, "T_at_most"),
        "intros b0 Hb0.",
        f"assert (group_bound {region} g {z} b0 (claim b0)) as H.",
        "{ destruct (Req_dec b0 0) as [->|Hne]; [exact at_zero|].",
        *for_every_b(pieces, f"group_bound {region} g {z}"),
        "apply H. lra. }",
        *words.finish(z, f"unfold {domain}"),
        "Qed.",
    ]


class TopTies:
    """Several predicted labels in the words of proofs/TopTies.v."""

    def __init__(self, s: Statement) -> None:
        self.k, self.n = s.top, int(s.classes or 0)
        self.region = f"(top_region {self.k})"
        self.by_plane = f"top_bound_by_plane {self.k}"
        self.size = ["- lia."]
        share = number(Fraction(1, self.k))
        self.corners = f"replace (/ INR {self.k}) with {share} by (simpl INR; field; lra)."

    def finish(self, z: str, domain: str) -> list[str]:
        """From the bound of ties to T."""
        return [
            f"assert (/ INR {self.k} / 2 = {z}) as Ez by (simpl INR; field; lra).",
            "rewrite <- Ez in H.",
            f"apply (top_tie {self.n} {self.k} g b0 (claim b0)); "
            "[lia|lia|exact g_convex|exact Hb0| |exact H].",
            f"rewrite Ez. apply g_continuous. {domain}. lra.",
        ]


class BoundedTies:
    """Bounded scores in the words of proofs/BoundedAbove.v."""

    def __init__(self, s: Statement) -> None:
        n, k = int(s.classes or 0), term(spread(s))
        (_, low), _, (tied, _) = ties.corners(s)[1]
        self.b, self.n, self.spread = number(bound_of(s)), n, spread_is(s)
        self.region = f"(bounded_region {n} {k})"
        self.by_plane = f"bounded_bound_by_plane {n} {k}"
        self.size = ["- lia.", "- interval."]
        positive = f"pose proof (exp_pos {term(spread(s)[1])})"
        self.tied = f"{k} * / (2 * {k} + (INR {n} - 2))"
        self.is_tied = f"({positive}; simpl INR; field; lra)"
        self.corners = (
            f"replace ({self.tied}) with {term(tied)} by {self.is_tied}. "
            f"replace (/ ({k} + (INR {n} - 2 + 1))) with {term(low)} by {self.is_tied}."
        )

    def finish(self, z: str, domain: str) -> list[str]:
        """From the bound of ties to T."""
        return [
            f"apply (bounded_tie {self.n} {self.b} g b0 (claim b0)); [lia|lra|exact Hb0|].",
            f"{self.spread} replace ({self.tied}) with {z} by {self.is_tied}. exact H.",
        ]


def _group_end(
    s: Statement, i: int, low: str, high: str, at: str, name: str, bound: str
) -> list[str]:
    """The bound at one end of a piece."""
    first = resolved(s.claim, [at, at]) if at == "0" else None
    continuous = (
        [f"exact claim_{i}_continuous."] if first is None else
        [f"unfold claim_{i}.", *continuity(first, "b")]
    )  # fmt: skip
    return [
        f"Lemma {name} : {bound} {at} (claim {at}).",
        f"Proof. rewrite claim_{i}_is by lra.",
        f"apply (group_bound_at_end _ g _ claim_{i} {at} {low} {high}); [lra|lra| |].",
        "{", *continuous, "}",
        f"intros c Hc. rewrite <- claim_{i}_is by lra. apply level_{i}. exact Hc. Qed.",
        "",
    ]  # fmt: skip
