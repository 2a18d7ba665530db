"""Cross-entropy with a table of costs, in Coq: pair by pair of predictions, and from above."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from hconsist.checker import Sign, Statement, Tree
from hconsist.checker.coverage import Piece
from hconsist.checker.reading import Fields
from hconsist.checker.rules.forecasts import divergence
from hconsist.checker.rules.plugin import conditions_of, pairs
from hconsist.checker.statements import claim_at, resolved
from hconsist.checker.trees import add, minus, put
from hconsist.exports.coq_lower import between
from hconsist.exports.coq_pieces import (
    at_zero,
    chain,
    claim_is_less,
    claim_is_more,
    claim_lemmas,
    pieces_of,
)
from hconsist.exports.coq_points import distribution_lines, each, floor_of
from hconsist.exports.coq_signs import constant, identity, rational, sign_lemma
from hconsist.exports.coq_spots import Spot
from hconsist.exports.coq_terms import number, refuse, term

Row = tuple[Fraction, ...]


def _table(s: Statement) -> tuple[tuple[Row, ...], str]:
    """The costs, and the problem."""
    if s.costs is None or s.kind != "softmax":
        raise refuse("this rule without a table of costs")
    if max(len(s.costs), len(s.costs[0])) > 30:
        raise refuse("a table of costs with more than 30 rows or columns")
    return s.costs, f"(cost_problem {len(s.costs[0])} {len(s.costs)} costs g)"


def _loss(s: Statement, costs: tuple[Row, ...]) -> list[str]:
    """The loss, that it is cross-entropy, and the costs."""
    rows = " ".join(
        f"| {r}%nat, {y}%nat => {number(x)}" for r, row in enumerate(costs) for y, x in
        enumerate(row)
    )  # fmt: skip
    rest = add(s.g, ["log", "u"])
    return [
        f"Definition g (u : R) : R := {term(s.g)}.",
        "Lemma g_is : forall u, unit_open u -> g u = - ln u.",
        "Proof. intros u Hu. unfold unit_open in Hu. unfold g.",
        f"enough ({term(rest)} = 0) by lra.",
        *identity(rest),
        "Qed.",
        f"Definition costs (r y : nat) : R := match r, y with {rows} | _, _ => 0 end.",
        f"Definition claim (b : R) : R := {term(s.claim)}.",
        "",
    ]


def _function(values: Sequence[Tree]) -> str:
    """Trees as a function of an index."""
    cases = " ".join(f"| {i}%nat => {term(t)}" for i, t in enumerate(values))
    return f"(fun i => match i with {cases} | _ => 0 end)"


def _line(
    s: Statement, r: int, best: int, data: Any, b: Tree, spot: Spot, signs: Sequence[str], goal: str
) -> list[str]:
    """Steps that prove ``pair_at_least`` from the signs of the n inequalities and the line."""
    assert s.costs is not None
    n, m = len(s.costs[0]), len(s.costs)
    slope, _, _ = conditions_of(s, r, best, data, b, "x")
    mu = _function(data["weights"])
    lines = [*spot.shown("Lam", slope), *spot.shown("Pos", data["level"], True)]
    lines += [f"pose proof {name} as S{i}." for i, name in enumerate(signs)]
    opened = f"unfold {spot.value}; " if spot.value else ""
    return [
        *lines,
        f"apply (pair_by_line {n} {m} costs {r} {best} {term(b)} {goal} {term(slope)} "
        f"{term(data['level'])} {mu}); [|{opened}lra].",
        "split; [lra|split; [lra|split]].",
        f"- {each(m, 'lra')}",
        f"- {each(n, 'cbn [sum costs]; ' + _exponent())}",
    ]


def _exponent() -> str:
    """The step that compares an exponential with one of an equal number."""
    return (
        "match goal with |- exp ?a <= _ => match goal with H : 0 <= _ + -1 * exp ?c |- _ => "
        "replace a with c by lra; lra end end"
    )


def lines_hold(s: Statement, proof: Fields) -> list[str]:
    """The script of ``T >= claim`` by the plug-in lemma."""
    costs, problem = _table(s)
    n, m = len(costs[0]), len(costs)
    lines, k, found = _loss(s, costs), 0, {}
    for data, (r, best) in zip(proof["pairs"], pairs(costs), strict=True):
        reach = max(x - y for x, y in zip(costs[r], costs[best], strict=True))
        lines += [f"(* the prediction {r} where {best} is best *)"]
        first, ends = k, []
        for piece in pieces_of(data, reach):
            _, claims = claim_lemmas(s, k, piece)
            lines += [*claims, *_piece(s, r, best, k, piece)]
            ends.append(number(rational(piece.high)))
            k += 1
        name = f"pair_{r}_{best}"
        found[r, best] = name
        goal = f"pair_at_least {n} {m} costs {r} {best} b (claim b)"
        lines += [
            f"Lemma {name} : forall b, 0 < b -> {goal}.",
            "Proof.",
            *chain(ends, "level", "end", first),
            f"apply pair_out_of_reach; [lia|]. {each(n, 'cbn [costs]; lra')}",
            "Qed.",
        ]
    largest = number(s.largest)
    return [
        *lines,
        *at_zero(s, problem),
        f"Theorem certificate : forall b, 0 <= b <= {largest} -> T_at_least {problem} b (claim b).",
        "Proof. intros b Hb. destruct (Req_dec b 0) as [->|Hne]; [exact at_zero|].",
        f"apply (costs_T_at_least {n} {m} costs g ltac:(lia) ltac:(lia) g_is).",
        "intros y z Hy Hz.",
        *_every_pair(n, m, found, lambda name: f"apply {name}; lra"),
        "Qed.",
    ]


def _every_pair(
    n: int, m: int, found: dict[tuple[int, int], str], use: Callable[[str], str]
) -> list[str]:
    """A goal about every pair of predictions: by its lemma, or out of reach."""
    lines = []
    by_label = f"do {n} (destruct i as [|i]; [cbn [costs]; lra|]); exfalso; lia"
    out = f"apply pair_out_of_reach; [lia|]; intros i Hi; {by_label}"
    for r in range(m):
        lines += ["destruct y as [|y].", "{"]
        for best in range(m):
            step = use(found[r, best]) if (r, best) in found else out
            lines += [f"destruct z as [|z]; [{step}|]."]
        lines += ["exfalso; lia.", "}"]
    return [*lines, "exfalso; lia."]


def _piece(s: Statement, r: int, best: int, k: int, piece: Piece) -> list[str]:
    """``level_k`` inside a piece and ``end_k`` at its upper end."""
    assert s.costs is not None
    n, m = len(s.costs[0]), len(s.costs)
    claim, data = resolved(s.claim, piece.ends()), piece.data["witness"]
    _, line, terms = conditions_of(s, r, best, data, "x", "x")
    lines, signs = [], []
    inequalities = [minus(line, put(claim, "b", "x")), *(t for t, _ in terms)]
    for i, (t, method) in enumerate(zip(inequalities, piece.methods(len(inequalities)),
                                        strict=True)):  # fmt: skip
        lines += sign_lemma(f"sign_{k}_{i}", Sign(t, "x", piece.low, piece.high, method))
        signs.append(f"(sign_{k}_{i} x Hx)")
    low, high = (number(rational(e)) for e in (piece.low, piece.high))
    here = f"pair_at_least {n} {m} costs {r} {best}"
    spot = Spot("x", signs, f"claim_{k}", (piece.low, piece.high))
    return [
        *lines,
        f"Lemma level_{k} : forall x, {low} < x < {high} -> {here} x (claim x).",
        f"Proof. intros x Hx. rewrite claim_{k}_is by lra.",
        *_line(s, r, best, data, "x", spot, signs, f"(claim_{k} x)"),
        "Qed.",
        f"Lemma end_{k} : {here} {high} (claim {high}).",
        f"Proof. rewrite claim_{k}_is by lra.",
        f"apply (pair_at_upper_end {n} {m} costs {r} {best} claim_{k} {low} {high});",
        f"[lra|exact claim_{k}_continuous|].",
        f"intros c Hc. rewrite <- claim_{k}_is by lra. apply level_{k}; auto. Qed.",
        "",
    ]


def lines_refute(s: Statement, proof: Fields) -> list[str]:
    """The script that T is above the claim at one number."""
    costs, problem = _table(s)
    n, m, beta = len(costs[0]), len(costs), str(proof["beta"])
    claim, b = claim_at(s.claim, beta), number(Fraction(beta))
    given = {(d["predicted"], d["best"]): d["witness"] for d in proof["pairs"]}
    values = [conditions_of(s, r, k, data, beta, "")[1] for (r, k), data in given.items()]
    reached = between(claim, values)
    v, lines, found = number(reached), _loss(s, costs), {}
    for (r, best), data in given.items():
        _, line, terms = conditions_of(s, r, best, data, beta, "")
        name = f"pair_{r}_{best}"
        found[r, best], signs = name, []
        for i, t in enumerate([minus(line, str(reached)), *(t for t, _ in terms)]):
            signs.append(f"{name}_{i}")
            lines += [f"Lemma {signs[-1]} : 0 <= {term(t)}.", "Proof.", *constant(t), "Qed."]
        lines += [
            f"Lemma {name} : pair_at_least {n} {m} costs {r} {best} {b} {v}.",
            "Proof.",
            *_line(s, r, best, data, beta, Spot(beta, signs, "", None), signs, v),
            "Qed.",
        ]
    return [
        *lines,
        f"Lemma reached : T_at_least {problem} {b} {v}.",
        f"Proof. apply (costs_T_at_least {n} {m} costs g ltac:(lia) ltac:(lia) g_is).",
        "intros y z Hy Hz.",
        *_every_pair(n, m, found, lambda name: f"exact {name}"),
        "Qed.",
        *claim_is_less(s, beta, reached),
        "",
        f"Theorem certificate : exists b, 0 <= b <= {number(s.largest)} /\\ "
        f"~ T_at_most {problem} b (claim b).",
        f"Proof. exists {b}. split; [lra|]. intro H. pose proof (H _ reached). "
        "pose proof claim_is_less. lra. Qed.",
    ]


# ---- from above ----


def point_refutes(s: Statement, proof: Fields) -> list[str]:
    """The script that T is below the claim at one number."""
    costs, problem = _table(s)
    n, m, beta = len(costs[0]), len(costs), str(proof["beta"])
    p, q = ([Fraction(x) for x in proof[key]] for key in ("p", "q"))
    regret = divergence([str(x) for x in p], [str(x) for x in q])
    reached = -floor_of([["mul", "-1", regret]])
    b, v, rest = number(Fraction(beta)), number(reached), minus(str(reached), regret)
    r, best = proof["predicted"], proof["best"]
    return [
        *_loss(s, costs),
        *distribution_lines("p", p, "distribution"),
        *distribution_lines("q", q, "distribution"),
        f"Lemma rest : 0 <= {term(rest)}.",
        "Proof.", *constant(rest), "Qed.",
        f"Lemma q_open : open_simplex {n} q.",
        f"Proof. split; [|exact (proj2 q_is)]. {each(n, 'cbn [q]; lra')} Qed.",
        f"Lemma predicted : in_region {n} {m} costs q {r}.",
        f"Proof. {each(m, 'cbn [sum q costs]; lra')} Qed.",
        f"Lemma above : T_at_most {problem} {b} {v}.",
        f"Proof. apply (costs_T_at_most {n} {m} costs g ltac:(lia) g_is {r} {best} p q q {b} {v} "
        "ltac:(lia) ltac:(lia) p_is q_is q_open).",
        f"- {each(n, 'right; cbn [q]; lra')}",
        "- exact predicted.",
        "- exact predicted.",
        "- cbn [sum p costs]. lra.",
        "- pose proof rest as H. unfold relative_entropy, cross_entropy. cbn [sum p q].",
        *(f"rewrite ?(xlogx_product {number(x)}) in H by lra." for x in p if x),
        "lra.",
        "Qed.",
        *claim_is_more(s, beta, reached),
        "",
        f"Theorem certificate : exists b, 0 <= b <= {number(s.largest)} /\\ "
        f"~ T_at_least {problem} b (claim b).",
        f"Proof. exists {b}. split; [lra|]. intro H. pose proof (above _ H). "
        "pose proof claim_is_more. lra. Qed.",
    ]  # fmt: skip
