"""``Gamma <= claim`` in Coq: a line below T on each piece of a covering of the excess e."""

from __future__ import annotations

from fractions import Fraction

from hconsist.checker import Sign, Statement, Tree
from hconsist.checker.coverage import Piece, read_piece
from hconsist.checker.reading import Fields
from hconsist.checker.rules import LOWER
from hconsist.checker.trees import minus, put
from hconsist.exports import coq_losses, coq_rules
from hconsist.exports.coq_signs import continuity, exact, rational, sign_lemma
from hconsist.exports.coq_spots import Spot
from hconsist.exports.coq_terms import number, refuse, term

_KEYS = "witness reach"


def holds(s: Statement, proof: Fields) -> list[str]:
    """The script of a bound of Gamma."""
    loss, over = coq_rules.lower_rule(s, proof), coq_losses.labels(s)
    problem, intros = coq_losses.problem(s), coq_losses.intros_labels(s)
    lines = [*loss.lines, f"Definition claim (e : R) : R := {term(s.claim)}.", ""]
    *bounded, last = proof["pieces"]
    ends, here = [], Fraction(0)
    for k, raw in enumerate(bounded):
        piece = read_piece(raw, _KEYS)
        low, high = (exact(e) for e in piece.ends())
        if low != here or high <= low:
            raise refuse("a covering that does not run upwards in order")
        lines += [f"(* piece {k}: e from {low} to {high} *)"]
        lines += _piece(s, proof, loss, k, piece)
        lines += [
            f"Lemma level_{k} : {over}forall e, {number(low)} < e < {number(high)} -> "
            f"Gamma_at_most {problem} e (claim e).",
            f"Proof. {intros} intros e He.",
            *_taken(k, piece),
            "Qed.",
            *_end(s, k, low, high),
        ]
        ends.append(here)
        here = high
    if rational(last["from"]) != here:
        raise refuse("a covering that leaves a gap")
    k = len(ends)
    tail = Sign(minus(put(s.claim, "e", "x"), "1"), "x", last["from"], "inf", last["method"])
    return [
        *lines,
        *sign_lemma(f"sign_{k}", tail),
        f"Lemma level_{k} : {over}forall e, {number(here)} < e < {number(here + 1)} -> "
        f"Gamma_at_most {problem} e (claim e).",
        f"Proof. {intros} intros e He. apply Gamma_trivial. "
        f"pose proof (sign_{k} e ltac:(lra)). unfold claim. lra. Qed.",
        *_end(s, k, here, here + 1),
        f"Theorem certificate : {over}forall e, 0 <= e -> Gamma_at_most {problem} e (claim e).",
        f"Proof. {intros} intros e He.",
        *_chain([*ends, here]),
        f"apply Gamma_trivial. pose proof (sign_{k} e ltac:(lra)). unfold claim. lra.",
        "Qed.",
    ]


def _piece(
    s: Statement, proof: Fields, loss: coq_losses.CoqLoss, k: int, piece: Piece
) -> list[str]:
    """``inside_k``: the claim at the e of every x inside a piece."""
    witness, reach = piece.data["witness"], piece.data["reach"]
    low, high = (number(rational(e)) for e in (piece.low, piece.high))
    here, over = f"forall x, {low} < x < {high} -> ", coq_losses.labels(s)
    problem, intros = coq_losses.problem(s), coq_losses.intros_labels(s)
    at = term(piece.at)
    goal = f"Gamma_at_most {problem} {at} (claim {at})"
    claim = put(s.claim, "e", piece.at)
    if reach is None:
        (method,) = piece.methods(1)
        beyond = Sign(minus(claim, "1"), "x", piece.low, piece.high, method)
        return [
            *sign_lemma(f"sign_{k}", beyond),
            f"Lemma inside_{k} : {over}{here}{goal}.",
            f"Proof. {intros} intros x Hx. apply Gamma_trivial. "
            f"pose proof (sign_{k} x Hx). unfold claim. lra. Qed.",
        ]
    rule = LOWER[proof["rule"]]

    def line(b: Tree) -> Tree:
        (bound,) = rule.bounds(s, proof, b, witness)[0]
        return bound

    terms = [
        (minus(claim, reach), False),
        (minus(line("1"), line("0")), True),
        (minus(line(reach), piece.at), False),
    ]
    lines = []
    for i, ((t, strict), method) in enumerate(zip(terms, piece.methods(3), strict=True)):
        o = Sign(t, "x", piece.low, piece.high, method, strict)
        lines += sign_lemma(f"sign_{k}_{i}", o)
    spot = Spot("b", [f"(line_fact_{k} x b)"], f"line_{k}", (piece.low, piece.high))
    return [
        *lines,
        f"Definition line_{k} (x b : R) : R := {term(line('b'))}.",
        f"Lemma line_fact_{k} (x b : R) : 0 <= {term(minus(line('b'), line('b')))}.",
        "Proof. apply Req_le. ring. Qed.",
        f"Lemma line_below_{k} : {over}{here}forall b, up_to 1 b -> "
        f"T_at_least {problem} b (line_{k} x b).",
        f"Proof. {intros} intros x Hx b Hb. unfold up_to in Hb.",
        *loss.apply(spot, witness),
        "Qed.",
        f"Lemma inside_{k} : {over}{here}{goal}.",
        f"Proof. {intros} intros x Hx.",
        f"apply (Gamma_by_line {problem} (line_{k} x) {at} {term(reach)}).",
        f"- intro b. unfold line_{k}. ring.",
        f"- apply line_below_{k}; auto.",
        f"- pose proof (sign_{k}_1 x Hx). unfold line_{k}. lra.",
        f"- pose proof (sign_{k}_2 x Hx). unfold line_{k}. lra.",
        f"- pose proof (sign_{k}_0 x Hx). unfold claim. lra.",
        "Qed.",
    ]


def _taken(k: int, piece: Piece) -> list[str]:
    """From the curve of a piece to the e that it takes."""
    low, high = (number(rational(e)) for e in (piece.low, piece.high))
    if piece.at == "x":
        return [f"apply inside_{k}; auto."]
    curve = f"(fun x => {term(piece.at)})"
    return [
        f"destruct (levels {curve} {low} {high} e) as (x & Hx & <-); [lra| |left; lra|].",
        "{ intros y Hy.", *continuity(piece.at, "x"), "}",
        f"apply inside_{k}; auto.",
    ]  # fmt: skip


def _end(s: Statement, k: int, low: Fraction, high: Fraction) -> list[str]:
    """``end_k``: the claim at the lower end."""
    problem, over = coq_losses.problem(s), coq_losses.labels(s)
    return [
        f"Lemma end_{k} : {over}Gamma_at_most {problem} {number(low)} (claim {number(low)}).",
        f"Proof. {coq_losses.intros_labels(s)}",
        f"apply (Gamma_at_lower_end {problem} claim {number(low)} {number(high)}); [lra| |].",
        "{ unfold claim.", *continuity(s.claim, "e"), "}",
        f"intros e He. apply level_{k}; auto. Qed.",
        "",
    ]  # fmt: skip


def _chain(starts: list[Fraction]) -> list[str]:
    """A number >= 0 is the lower end of a piece, inside one, or beyond all."""
    lines = []
    for k, start in enumerate(starts):
        low = number(start)
        lines += [f"destruct (Req_dec e {low}) as [->|N{k}]; [apply end_{k}; auto|]."]
        if k + 1 < len(starts):
            high = number(starts[k + 1])
            lines += [f"destruct (Rlt_dec e {high}) as [L{k}|L{k}]; [apply level_{k}; auto; lra|]."]
    return lines
