"""``T >= claim`` in Coq, along a covering; and that ``T <= claim`` fails, at one number."""

from __future__ import annotations

from fractions import Fraction

from hconsist.checker import Sign, Statement, Tree
from hconsist.checker.obligations import value
from hconsist.checker.reading import Fields
from hconsist.checker.rules import LOWER
from hconsist.checker.statements import claim_at
from hconsist.checker.trees import minus, put
from hconsist.exports import coq_losses, coq_rules
from hconsist.exports.coq_pieces import (
    at_zero,
    claim_is_less,
    claim_lemmas,
    for_every_b,
    pieces_of,
)
from hconsist.exports.coq_signs import constant, rational, sign_lemma
from hconsist.exports.coq_spots import Spot
from hconsist.exports.coq_terms import number, refuse, term


def holds(s: Statement, proof: Fields) -> list[str]:
    """The script of a lower bound."""
    rule = LOWER[proof["rule"]]
    loss = coq_rules.lower_rule(s, proof)
    lines = [*loss.lines, f"Definition claim (b : R) : R := {term(s.claim)}.", ""]
    pieces, problem, over = pieces_of(proof), coq_losses.problem(s), coq_losses.labels(s)
    for k, piece in enumerate(pieces):
        claim, found = claim_lemmas(s, k, piece)
        lines += [f"(* piece {k}: b from {piece.low} to {piece.high} *)", *found]
        terms, _ = rule.bounds(s, proof, "x", piece.data["witness"])
        here = put(claim, "b", "x")
        names, witness = [], piece.data["witness"]
        for i, (t, method) in enumerate(zip(terms, piece.methods(len(terms)), strict=True)):
            names.append(f"(sign_{k}_{i} x Hx)")
            o = Sign(minus(t, here), "x", piece.low, piece.high, method)
            lines += sign_lemma(f"sign_{k}_{i}", o)
        low, high = (number(rational(e)) for e in (piece.low, piece.high))
        lines += [
            f"Lemma level_{k} : {over}forall x, {low} < x < {high} -> "
            f"T_at_least {problem} x (claim x).",
            f"Proof. {coq_losses.intros_labels(s)} intros x Hx. rewrite claim_{k}_is by lra.",
            *loss.apply(Spot("x", names, f"claim_{k}", (piece.low, piece.high)), witness),
            "Qed.",
            f"Lemma end_{k} : {over}T_at_least {problem} {high} (claim {high}).",
            f"Proof. {coq_losses.intros_labels(s)} rewrite claim_{k}_is by lra.",
            f"apply (T_at_upper_end {problem} claim_{k} {low} {high});",
            f"[lra|exact claim_{k}_continuous|].",
            f"intros c Hc. rewrite <- claim_{k}_is by lra. apply level_{k}; auto. Qed.",
            "",
        ]
    lines += [
        *at_zero(s, problem, over, f"{coq_losses.intros_labels(s)} "),
        *coq_losses.theorem(s, "T_at_least"),
        f"{coq_losses.intros(s)} destruct (Req_dec b0 0) as [->|Hne]; [apply at_zero; auto|].",
        *for_every_b(pieces, f"T_at_least {problem}"),
        "apply H. lra.",
        "Qed.",
    ]  # fmt: skip
    return lines


# ---- T <= claim fails ----


def between(low: Tree, highs: list[Tree]) -> Fraction:
    """A short rational above a number and at most some others, trees without variables."""
    floor = value(low).upper()
    ceiling = min(Fraction(str(value(h).lower().fmpq())) for h in highs)
    digits = 1
    while digits < 10**40:
        found = Fraction(int(ceiling * digits // 1), digits)
        if found > Fraction(str(floor.fmpq())):
            return found
        digits *= 10
    raise refuse("two numbers too close to tell apart")


def refuted(s: Statement, proof: Fields) -> list[str]:
    """The script that T is above the claim at one number."""
    loss, beta = coq_rules.lower_rule(s, proof), str(proof["beta"])
    terms, _ = LOWER[proof["rule"]].bounds(s, proof, beta, proof["witness"])
    reached = between(claim_at(s.claim, beta), terms)
    found = [f"above_{i}" for i in range(len(terms))]
    lines = [*loss.lines, f"Definition claim (b : R) : R := {term(s.claim)}.", ""]
    for name, t in zip(found, terms, strict=True):
        rest = minus(t, str(reached))
        lines += [f"Lemma {name} : 0 <= {term(rest)}.", "Proof.", *constant(rest), "Qed."]
    b, v = number(Fraction(beta)), number(reached)
    return [
        *lines,
        "",
        f"Lemma reached : {coq_losses.labels(s)}T_at_least {coq_losses.problem(s)} {b} {v}.",
        f"Proof. {coq_losses.intros_labels(s)}",
        *loss.apply(Spot(beta, found, "", None), proof["witness"]),
        "Qed.",
        *claim_is_less(s, beta, reached),
        "",
        f"Theorem certificate : {coq_losses.labels(s)}"
        f"exists b, 0 <= b <= 1 /\\ ~ T_at_most {coq_losses.problem(s)} b (claim b).",
        f"Proof. {coq_losses.intros_labels(s)}",
        f"exists {b}. split; [lra|]. intro H. pose proof claim_is_less.",
        f"assert ({v} <= claim {b}) by (apply H; apply reached; auto). lra.",
        "Qed.",
    ]
