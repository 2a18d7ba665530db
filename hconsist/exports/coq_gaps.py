"""Claims about the minimizability gap of a finite distribution, in Coq."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from hconsist.checker import Statement, Tree
from hconsist.checker.cells import dot
from hconsist.checker.reading import Fields
from hconsist.checker.rules import points
from hconsist.checker.rules.risks import Risks
from hconsist.checker.trees import add, minus, mul, put
from hconsist.exports import coq_bounded, coq_losses, coq_scores
from hconsist.exports.coq_margin import at_least
from hconsist.exports.coq_points import distribution_lines, each, low_lines
from hconsist.exports.coq_signs import constant
from hconsist.exports.coq_terms import number, refuse, term

Vector = tuple[Fraction, ...]


class Infima:
    """Bounds of the least risk at distributions, as lemmas about a family of losses.

    ``below`` writes ``NAME : forall s, admissible s -> low <= risk s p``; ``above`` writes ``NAME :
    forall eps, 0 < eps -> exists s, admissible s /\\ risk s p <= high + eps``. Both return the
    number; p is a vector that `distribution_lines` wrote under ``NAME_p``.
    """

    def __init__(self, s: Statement, shape: object) -> None:
        self.s, self.shape, self.n = s, shape, int(s.classes or 0)
        self.problem = coq_scores.problem(s) if s.kind == "scores" else coq_losses.problem(s)
        self.loss_lines: list[str] = []
        if s.kind == "softmax":
            loss = coq_losses.shape(s, concave=shape == "concave")
            self.loss_lines, self.domain = loss.lines, "unit_closed" if loss.closed else "unit_open"
        elif s.kind == "scores":
            zero = (Fraction(0),) * s.scores
            self.loss_lines = [*coq_scores.loss_lines(s, False),
                               *coq_scores.member(s, "zero", zero)]  # fmt: skip
        else:
            self.loss_lines = [f"Definition g (v : R) : R := {term(s.g)}."]

    @property
    def exists(self) -> str:
        """A proof that there are admissible scores."""
        if self.s.kind == "scores":
            return "(ex_intro _ zero zero_inside)"
        if self.s.kind == "softmax" and self.s.bound is not None:
            b = number(self.s.bound)
            return f"(ex_intro _ (fun _ => 0) (zero_is_bounded {self.n} {b} ltac:(lra)))"
        if self.s.bound is None:
            zero = "0" if self.s.kind == "margin" else "(fun _ => 0)"
            return f"(ex_intro _ {zero} I)"
        return "(ex_intro _ 0 zero_inside)"

    def below(self, name: str, p: Vector, data: Any) -> tuple[list[str], Tree]:
        """A lower bound."""
        goal = f"forall s, admissible {self.problem} s -> "
        if self.s.kind == "scores":
            low_number = Risks(self.s).least(p, data, None)
            return [
                *coq_scores.least_lines(self.s, name, p, low_number),
            ], str(low_number)
        if self.s.kind == "margin":
            risk = _margin_risk(self.s, p)
            at = f"{number(p[0])} * g v + {number(p[1])} * g (- v)"
            to_risk = "unfold g. replace (- v) with ((-1) * v) by ring."
            return [
                *at_least(self.s, f"{name}_all", risk, data, at, to_risk),
                f"Lemma {name} : {goal}{term(data['least'])} <= risk {self.problem} s {name}_p.",
                f"Proof. intros s Hs. pose proof ({name}_all_least s Hs) as H.",
                f"unfold risk. cbn [labels loss margin_problem sum {name}_p]. lra. Qed.",
            ], data["least"]
        if self.shape == "concave":
            top = max(p)
            low = add(mul(str(top), self.s.loss("1")), mul(str(1 - top), self.s.loss("0")))
            found = [
                f"Lemma {name}_all : forall s : nat -> R, {term(low)} <= "
                f"sum {self.n} (fun y => {name}_p y * g (softmax {self.n} s y)).",
                "Proof. intro s.",
                f"pose proof (concave_risk_below {self.n} g {name}_p {number(top)} s ltac:(lia) "
                f"g_concave g_falls_on {name}_p_is) as H.",
                f"apply Rle_trans with (2 := H ltac:({_at_most_top(self.n, name)})).",
                "unfold g. lra. Qed.",
            ]
        else:
            y = [Fraction(v) for v in data["reference"]]
            if coq_losses.is_flat(self.s):
                y = [Fraction(1, self.n)] * self.n
            writer = low_lines if self.s.bound is None else coq_bounded.low_lines
            found, low = writer(self.s, f"{name}_p", p, y, data["level"], f"{name}_all")
        given = "" if self.s.bound is None else " Hs"
        return [
            *found,
            f"Lemma {name} : {goal}{term(low)} <= risk {self.problem} s {name}_p.",
            f"Proof. intros s Hs. exact ({name}_all s{given}). Qed.",
        ], low

    def above(self, name: str, p: Vector, data: Any) -> tuple[list[str], Tree]:
        """An upper bound."""
        goal = f"forall eps, 0 < eps -> exists s, admissible {self.problem} s /\\ "
        if self.s.kind == "scores":
            risks = Risks(self.s)
            scores = risks.allowed(data)
            high_number = dot(p, risks.values(scores))
            return [
                *coq_scores.member(self.s, f"{name}_t", scores),
                f"Lemma {name} : {goal}risk {self.problem} s {name}_p <= "
                f"{number(high_number)} + eps.",
                f"Proof. intros eps He. exists {name}_t. split; [exact {name}_t_inside|].",
                f"unfold risk. change (sum {self.n} (fun y => {name}_p y * loss {name}_t y) "
                f"<= {number(high_number)} + eps).",
                coq_scores.value_steps(f"{name}_t", f"{name}_p", self.n),
                "Qed.",
            ], str(high_number)
        if self.s.kind == "margin":
            high = put(_margin_risk(self.s, p), "v", data)
            v = number(Fraction(data))
            member = "exact I" if self.s.bound is None else "apply Rabs_le; lra"
            return [
                f"Lemma {name} : {goal}risk {self.problem} s {name}_p <= {term(high)} + eps.",
                f"Proof. intros eps He. exists {v}. split; [{member}|].",
                f"unfold risk. cbn [labels loss margin_problem sum {name}_p]. unfold g.",
                f"replace (Ropp {v}) with ((-1) * {v}) by ring. lra. Qed.",
            ], high
        z = [Fraction(v) for v in data]
        high = points.softmax_risk(self.s, list(p), z)
        if self.s.bound is not None:
            return [
                *distribution_lines(f"{name}_z", z, "simplex"),
                *coq_bounded.spread_lines(self.s, f"{name}_z", z),
                f"Lemma {name} : {goal}risk {self.problem} s {name}_p <= {term(high)} + eps.",
                "Proof. intros eps He.",
                f"destruct (bounded_scores_near {self.n} {number(self.s.bound)} g {name}_p "
                f"{name}_z ltac:(lia) {name}_z_spread) as (s & Hs & Er & _).",
                "exists s. split; [exact Hs|]. rewrite Er.",
                f"unfold value_risk. cbn [sum {name}_p {name}_z]. unfold g. lra. Qed.",
            ], high
        smooth = f"right; apply g_continuous; unfold {self.domain}; cbn [{name}_z]; lra"
        return [
            *distribution_lines(f"{name}_z", z, "simplex"),
            f"Lemma {name} : {goal}risk {self.problem} s {name}_p <= {term(high)} + eps.",
            "Proof. intros eps He.",
            f"destruct (scores_near_point {self.n} g {name}_p {name}_z ltac:(lia) {name}_z_is) "
            "with (eps := eps) as (s & Hs & _); [|exact He|].",
            f"{{ {each(self.n, f'first [left; cbn [{name}_p]; lra | {smooth}]')} }}",
            "exists s. split; [exact I|]. apply Rle_trans with (1 := Hs).",
            f"unfold value_risk. cbn [sum {name}_p {name}_z]. unfold g. lra. Qed.",
        ], high


def _margin_risk(s: Statement, p: Vector) -> Tree:
    terms = (("v", p[0]), (["mul", "-1", "v"], p[1]))
    return add(*(mul(str(w), s.loss(t)) for t, w in terms))


def _at_most_top(n: int, name: str) -> str:
    return f"intros y Hy; do {n} (destruct y as [|y]; [cbn [{name}_p]; lra|]); exfalso; lia"


def _table(name: str, rows: Sequence[str]) -> str:
    cases = " ".join(f"| {k}%nat => {row}" for k, row in enumerate(rows))
    return f"Definition {name} (k : nat) := match k with {cases} | _ => {rows[0]} end."


def holds(s: Statement, proof: Fields) -> list[str]:
    """The script of a bound of a gap."""
    infima = Infima(s, proof["shape"])
    problem, count, n = infima.problem, len(s.inputs), infima.n
    if count > 30:
        raise refuse("a gap of more than 30 inputs")
    upper, constant_scores = s.claim_kind == "gap <=", s.members == "constant"
    lines = [*infima.loss_lines]
    if s.bound is not None and s.kind == "margin":
        inside = coq_losses.score_set(s)
        lines += [f"Lemma zero_inside : {inside} 0. Proof. apply Rabs_le. lra. Qed."]
    lines += distribution_lines("w", [w for w, _ in s.inputs], "distribution")
    each_name, mean_name = ("low", "high") if upper else ("high", "low")
    if not constant_scores:
        each_name = "low"
    trees: list[Tree] = []
    many = proof["below"] if each_name == "low" else proof["above"]
    for k, ((_, p), data) in enumerate(zip(s.inputs, many, strict=True)):
        lines += distribution_lines(f"{each_name}_{k}_p", p, "distribution")
        bound = infima.below if each_name == "low" else infima.above
        found, t = bound(f"{each_name}_{k}", p, data)
        lines += [*found, ""]
        trees.append(t)
    lines += [
        _table("p", [f"{each_name}_{k}_p" for k in range(count)]),
        _table("bounds", [term(t) for t in trees]),
        f"Lemma p_is : forall k, (k < {count})%nat -> distribution (labels {problem}) (p k).",
        f"Proof. intros y Hy. {_each_input(count, lambda k: f'exact {each_name}_{k}_p_is')} Qed.",
        f"Definition claim : R := {term(s.claim)}.",
    ]
    members = f"({'constant_scores' if constant_scores else 'all_functions'} {problem} {count})"
    word = "gap_at_most" if upper else "gap_at_least"
    theorem = f"Theorem certificate : {word} {problem} {count} w p {members} claim."
    each_bound = _each_input(count, lambda k: f"exact ({each_name}_{k} s Hs)")
    if not constant_scores:
        rest = s.claim if upper else minus("0", s.claim)
        return [
            *lines,
            theorem,
            f"Proof. apply (all_{word} {problem} {count} w p w_is) with (low := bounds).",
            f"- exact {infima.exists}.",
            f"- intros y s Hy Hs. {each_bound}",
            f"- unfold claim. enough (0 <= {term(rest)}) by lra.",
            *constant(rest),
            "Qed.",
        ]
    q = tuple(sum((w * p[y] for w, p in s.inputs), Fraction(0)) for y in range(n))
    (data,) = proof["above"] if upper else proof["below"]
    lines += distribution_lines(f"{mean_name}_p", q, "distribution")
    found, one = (infima.above if upper else infima.below)(mean_name, q, data)
    total = add(*(mul(str(w), t) for (w, _), t in zip(s.inputs, trees, strict=True)))
    rest = minus(s.claim, minus(one, total)) if upper else minus(minus(one, total), s.claim)
    if not upper:
        each_bound = _each_input(count, lambda k: f"exact ({each_name}_{k} eps He)")
    arguments = f"({term(one)}) bounds"
    by_mean = (
        f"intros eps He. destruct ({mean_name} eps He) as (s & Hs & H). "
        "exists s. split; [exact Hs|]. now rewrite mean_is."
        if upper
        else f"intros s Hs. rewrite mean_is. now apply {mean_name}."
    )
    return [
        *lines,
        *found,
        f"Lemma mean_is : forall s, risk {problem} s (mean_label {count} w p) "
        f"= risk {problem} s {mean_name}_p.",
        "Proof. intro s. apply sum_ext. intros y Hy. f_equal. revert y Hy.",
        f"change (forall y, (y < {n})%nat -> mean_label {count} w p y = {mean_name}_p y).",
        each(n, f"unfold mean_label; cbn [sum w p {_names(each_name, count)} {mean_name}_p]; lra"),
        "Qed.",
        f"Lemma rest : 0 <= {term(rest)}.",
        "Proof.", *constant(rest), "Qed.",
        "",
        theorem,
        f"Proof. apply (constant_{word} {problem} {count} w p w_is {arguments}).",
        f"- exact {infima.exists}.",
        *([f"- {by_mean}", f"- intros y s Hy Hs. {each_bound}"] if upper else
          [f"- {by_mean}", f"- intros y eps Hy He. {each_bound}"]),
        "- cbn [sum w bounds]. pose proof rest. unfold claim. lra.",
        "Qed.",
    ]  # fmt: skip


def _names(name: str, count: int) -> str:
    return " ".join(f"{name}_{k}_p" for k in range(count))


def _each_input(count: int, step: Callable[[int], str]) -> str:
    """The steps for a goal about every input y < count."""
    cases = "".join(f"destruct y as [|y]; [{step(k)}|]. " for k in range(count))
    return f"{cases}exfalso; lia."
