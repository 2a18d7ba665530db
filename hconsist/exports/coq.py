"""Certificates as theorems of Coq about T, from the lemmas under proofs/.

A script states the loss, the claim and the theorem ``forall b, 0 <= b <= 1 -> T_at_least P b
(claim b)`` (or ``T_at_most``), with P the problem of proofs/Definitions.v, and proves it: the shape
of the loss, every inequality of every piece, that the pieces cover [0, 1], and the ends of pieces.
What cannot be exported whole is refused with the reason; nothing is left out.
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.arithmetic import precision
from hconsist.checker import Sign, Statement, Tree, read_statement
from hconsist.checker.coverage import Piece, read_piece
from hconsist.checker.reading import Fields
from hconsist.checker.rules import LOWER, above
from hconsist.checker.statements import claim_at, resolved
from hconsist.checker.trees import minus, put
from hconsist.errors import InvalidInputError
from hconsist.exports import coq_losses, coq_rules
from hconsist.exports.coq_signs import SIDE, constant, continuity, rational, sign_lemma
from hconsist.exports.coq_terms import number, refuse, term

IMPORTS = [
    "From Coq Require Import Reals Lra Lia Arith.",
    "From Coquelicot Require Import Coquelicot.",
    "From Interval Require Import Tactic.",
    "From Hconsist Require Import Sums Convex Definitions Softmax PairLemma ConcaveLosses",
    "  UpperSide Margin Powers Formulas Shapes Ends TheoremA.",
    "Open Scope R_scope.",
    "",
]

#: Rules that have a script.
RULES = ("pair", "theorem A", "concave pair", "theorem C", "margin", "tangent")
#: Lemmas that proofs/ states and does not prove yet: the theorem then has them as hypotheses.
HYPOTHESES = {"theorem A": {"theorem_A": "theorem_A_statement"}}


def coq_script(certificate: Fields) -> str:
    """A certificate that holds as a Coq file whose last theorem is the statement.

    Parameters
    ----------
    certificate : dict
        As read from its JSON file.

    Returns
    -------
    str
        For Coq 8.16 with coquelicot and coq-interval, and the compiled proofs/ as ``Hconsist``.

    Raises
    ------
    InvalidInputError
        When the verdict is not "holds".
    EngineCannotAnswerError
        When some part of the proof has no form in Coq yet; the reason says which.

    Examples
    --------
    >>> from hconsist.certificates import certify, parse_claim
    >>> from hconsist.pointwise import PointwiseProblem
    >>> problem = PointwiseProblem("mae", n_classes=3)
    >>> script = coq_script(certify(problem, *parse_claim("T >= b/3", 3)))
    >>> "T_at_least (softmax_problem 3 g) b (claim b)" in script
    True
    """
    if certificate["verdict"] != "holds":
        raise InvalidInputError(
            "a Coq script needs a certificate that holds",
            certificate["verdict"],
            "certify a right claim",
        )
    with precision(160):
        return "\n".join([*_lines(certificate), ""])


def _lines(certificate: Fields) -> list[str]:
    s, proof = read_statement(certificate["statement"]), certificate["proof"]
    if s.costs is not None or s.claim_kind not in ("T >=", "T <="):
        raise refuse(f"claims {s.claim_kind!r} with this target")
    if s.kind == "scores":
        raise refuse("losses of all scores")
    if s.top > 1 or (s.kind == "softmax" and s.bound is not None):
        raise refuse("several predicted labels, and softmax values of bounded scores")
    if proof["rule"] not in RULES:
        raise refuse(f"rule {proof['rule']!r}")
    lines = [f"(* {line.replace('(*', '( *').replace('*)', '* )')} *)" for line in s.words()]
    lines += ["", *IMPORTS]
    body = lower(s, proof) if s.claim_kind == "T >=" else upper(s, proof)
    for lemma, statement in HYPOTHESES.get(proof["rule"], {}).items():
        lines += [f"(* Not proven in Coq: {statement} of proofs/TheoremA.v is a hypothesis. *)"]
        lines += ["Section Certificate.", f"Hypothesis {lemma} : {statement}.", ""]
        body = [*body, "End Certificate."]
    return [*lines, *body, "", "Print Assumptions certificate."]


# ---- coverings ----


def pieces_of(proof: Fields) -> list[Piece]:
    """The pieces from b = 0 to b = 1, which must be intervals of b with rational ends."""
    pieces = [read_piece(raw, "witness") for raw in proof["pieces"]]
    here = Fraction(0)
    for piece in pieces:
        if piece.at != "x" or rational(piece.low) != here:
            raise refuse("a covering that is not by intervals of b in order")
        here = rational(piece.high)
    if here != 1:
        raise refuse("a covering that does not end at 1")
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


def chain(ends: list[str], level: str, end: str) -> list[str]:
    """The proof that a number of [0, 1] is an end of a piece or inside one."""
    lines = ["intros b Hb."]
    for k, stop in enumerate(ends):
        lines += [
            f"destruct (Rlt_dec b {stop}) as [H{k}|H{k}]; [apply {level}_{k}; auto; lra|].",
            f"destruct (Req_dec b {stop}) as [E{k}|E{k}]; [rewrite E{k}; apply {end}_{k}; auto|].",
        ]
    return [*lines, "exfalso. lra."]


# ---- T >= claim ----


def lower(s: Statement, proof: Fields) -> list[str]:
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
        names = []
        for i, (t, method) in enumerate(zip(terms, piece.methods(len(terms)), strict=True)):
            names.append(f"sign_{k}_{i}")
            o = Sign(minus(t, here), "x", piece.low, piece.high, method)
            lines += sign_lemma(names[-1], o)
        low, high = (number(rational(e)) for e in (piece.low, piece.high))
        lines += [
            f"Lemma level_{k} : {over}forall x, {low} < x < {high} -> "
            f"T_at_least {problem} x (claim x).",
            f"Proof. {coq_losses.intros_labels(s)} intros x Hx. rewrite claim_{k}_is by lra.",
            *loss.apply(k, piece, names),
            "Qed.",
            f"Lemma end_{k} : {over}T_at_least {problem} {high} (claim {high}).",
            f"Proof. {coq_losses.intros_labels(s)} rewrite claim_{k}_is by lra.",
            f"apply (T_at_upper_end {problem} claim_{k} {low} {high});",
            f"[lra|exact claim_{k}_continuous|].",
            f"intros c Hc. rewrite <- claim_{k}_is by lra. apply level_{k}; auto. Qed.",
            "",
        ]
    start = claim_at(s.claim, "0")
    lines += [
        f"Lemma at_zero : {over}T_at_least {problem} 0 (claim 0).",
        f"Proof. {coq_losses.intros_labels(s)} apply T_at_zero. unfold claim.",
        "repeat match goal with |- context [Rle_dec 0 ?y] => destruct (Rle_dec 0 y); "
        "[|exfalso; lra] end.",
        f"enough (0 <= {term(minus('0', start))}) by lra.",
        *constant(minus("0", start)),
        "Qed.",
        "",
        *coq_losses.theorem(s, "T_at_least"),
        f"{coq_losses.intros(s)} destruct (Req_dec b0 0) as [->|Hne]; [apply at_zero; auto|].",
        f"assert (forall b, 0 < b <= 1 -> T_at_least {problem} b (claim b)) as H.",
        "{", *chain([number(rational(p.high)) for p in pieces], "level", "end"), "}",
        "apply H. lra.",
        "Qed.",
    ]  # fmt: skip
    return lines


# ---- T <= claim ----


def upper(s: Statement, proof: Fields) -> list[str]:
    """The script of an upper bound by tangents."""
    lines = coq_losses.convex_loss(s).lines
    lines += [f"Definition claim (b : R) : R := {term(s.claim)}.", ""]
    pieces = pieces_of(proof)
    for k, piece in enumerate(pieces):
        _, found = claim_lemmas(s, k, piece)
        low, high = (number(rational(e)) for e in (piece.low, piece.high))
        lines += [f"(* piece {k}: b from {piece.low} to {piece.high} *)", *found]
        share = piece.data["witness"]
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
        "assert (forall b, 0 < b <= 1 -> tie_bound g b (claim b)) as H.",
        "{", *chain([number(rational(p.high)) for p in pieces], "level", "end"), "}",
        "apply H. lra.",
        "Qed.",
    ]  # fmt: skip
    return lines
