"""Claims that fail at one point, in Coq: a distribution and scores of a small regret."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from hconsist.checker import Statement, Tree
from hconsist.checker.obligations import value
from hconsist.checker.reading import Fields
from hconsist.checker.rules import points
from hconsist.checker.rules.margin import MIRROR
from hconsist.checker.rules.margin import risk as margin_risk
from hconsist.checker.trees import add, minus, mul, put
from hconsist.exports import coq_bounded, coq_losses
from hconsist.exports.coq_margin import at_least
from hconsist.exports.coq_pieces import claim_is_more
from hconsist.exports.coq_signs import constant
from hconsist.exports.coq_terms import number, refuse, term

#: Labels of a point that is written out.
LABELS = 30


def vector(name: str, values: Sequence[Fraction]) -> str:
    """A function of the label."""
    if len(values) > LABELS:
        raise refuse(f"a point of more than {LABELS} labels")
    cases = " ".join(f"| {y}%nat => {number(x)}" for y, x in enumerate(values))
    return f"Definition {name} (y : nat) : R := match y with {cases} | _ => 0 end."


def each(n: int, step: str) -> str:
    """The steps for a goal about every label y < n, by one step for each."""
    return f"intros y Hy. do {n} (destruct y as [|y]; [{step}|]). exfalso; lia."


@dataclass(frozen=True)
class Regret:
    """A regret at one distribution.

    Attributes
    ----------
    lines : list of str
        Up to ``Lemma above : T_at_most P b v``, and ``above_zero`` for b = v = 0.
    beta, reached : Fraction
        b and v.
    """

    lines: list[str]
    beta: Fraction
    reached: Fraction


def floor_of(trees: Sequence[Tree]) -> Fraction:
    """A short rational below numbers, hardly."""
    least = min(Fraction(str(value(t).lower().fmpq())) for t in trees)
    return Fraction(int(least * 10**12 // 1), 10**12)


def low_lines(
    s: Statement, p: str, shares: Sequence[Fraction], y: Sequence[Fraction], level: Tree, name: str
) -> tuple[list[str], Tree]:
    """``name``: a number below the risk at p of all scores, by the tangent plane at y."""
    n = len(shares)
    base, pulls = points.tangent(s, list(shares), list(y))
    low = add(base, level)
    lines = [vector(f"{name}_ref", y)]
    for k, pull in enumerate(pulls):
        rest = minus(pull, level)
        lines += [f"Lemma {name}_pull_{k} : 0 <= {term(rest)}.", "Proof.", *constant(rest), "Qed."]
    lines += [
        f"Lemma {name} : forall s : nat -> R, {term(low)} <= "
        f"sum {n} (fun y => {p} y * g (softmax {n} s y)).",
        "Proof. intro s.",
        f"pose proof (convex_risk_below {n} g {p} {name}_ref (fun y => g1 ({name}_ref y)) "
        f"{term(level)} s ltac:(lia) {p}_is) as H.",
        f"apply Rle_trans with (2 := H ltac:({_tangents(n, p, name)})",
        f"ltac:({_levels(n, p, name)})).",
        f"cbn [sum {p} {name}_ref]. unfold g, g1. lra.",
        "Qed.",
    ]
    return lines, low


def _tangents(n: int, p: str, name: str) -> str:
    inside = f"right; apply g_tangent; unfold inside; cbn [{name}_ref]; lra"
    step = f"first [left; cbn [{p}]; lra | {inside}]"
    return f"intros y Hy; do {n} (destruct y as [|y]; [{step}|]); exfalso; lia"


def _levels(n: int, p: str, name: str) -> str:
    facts = "".join(f"pose proof {name}_pull_{k}; " for k in range(n))
    step = f"cbn [{p} {name}_ref]; unfold g1; lra"
    return f"{facts}intros y Hy; do {n} (destruct y as [|y]; [{step}|]); exfalso; lia"


def distribution_lines(name: str, values: Sequence[Fraction], what: str) -> list[str]:
    """A vector, and that it is a distribution (or a point of the simplex)."""
    n = len(values)
    return [
        vector(name, values),
        f"Lemma {name}_is : {what} {n} {name}.",
        "Proof. split.",
        f"- {each(n, f'cbn [{name}]; lra')}",
        f"- cbn [sum {name}]. lra.",
        "Qed.",
    ]


def of_softmax(s: Statement, proof: Fields) -> Regret:
    """Rule "convex point"."""
    problem, n = coq_losses.problem(s), int(s.classes or 0)
    loss = coq_losses.convex_loss(s)
    p, z, y = ([Fraction(v) for v in proof[key]] for key in ("p", "point", "reference"))
    if coq_losses.is_flat(s):
        y = [Fraction(1, n)] * n
    level = proof["level"] if s.bound is not None else str(floor_of(points.tangent(s, p, y)[1]))
    lines = [*loss.lines, *distribution_lines("p", p, "distribution")]
    lines += distribution_lines("z", z, "simplex")
    writer = low_lines if s.bound is None else coq_bounded.low_lines
    found, low = writer(s, "p", p, y, level, "low")
    regret = minus(points.softmax_risk(s, p, z), low)
    reached = -floor_of([mul("-1", regret)])
    rest, beta = minus(str(reached), regret), Fraction(proof["beta"])
    lines += [*found, f"Lemma rest : 0 <= {term(rest)}.", "Proof.", *constant(rest), "Qed."]
    if s.bound is not None:
        lines += coq_bounded.spread_lines(s, "z", z)
    domain = "unit_closed" if loss.closed else "unit_open"
    smooth = f"right; apply g_continuous; unfold {domain}; cbn [z]; lra"
    above = _above_top if s.top > 1 else _above if s.bound is None else _above_bounded
    lines += [
        f"Lemma above : T_at_most {problem} {number(beta)} {number(reached)}.",
        *above(s, p, z, f"{number(beta)} {term(low)} {number(reached)}"),
        *([f"- {each(n, f'first [left; cbn [p]; lra | {smooth}]')}"] if s.bound is None else []),
        "- unfold value_risk. cbn [sum p z]. pose proof rest as H. unfold g. lra.",
        "Qed.",
    ]
    if s.top > 1:
        return Regret(lines, beta, reached)
    admissible = "I" if s.bound is None else (
        f"(zero_is_bounded {n} {number(s.bound)} ltac:(lra))")  # fmt: skip
    return Regret(
        [
            *lines,
            f"Lemma above_zero : T_at_most {problem} 0 0.",
            f"Proof. apply (T_zero_at_most {problem} p {term(low)} (fun _ => 0) p_is "
            f"{admissible}).",
            f"- intros s Hs. exact (low s{'' if s.bound is None else ' Hs'}).",
            f"- intros s _. exact (softmax_predicts {n} g s ltac:(lia)).",
            "Qed.",
        ],
        beta,
        reached,
    )


def _pair_of(p: Sequence[Fraction], z: Sequence[Fraction]) -> tuple[int, int]:
    """A most likely label, and a least likely one among those predicted."""
    labels = range(len(p))
    worst = min((k for k in labels if z[k] == max(z)), key=lambda k: p[k])
    return max(labels, key=lambda k: p[k]), worst


def _above(s: Statement, p: Sequence[Fraction], z: Sequence[Fraction], given: str) -> list[str]:
    """The steps for one predicted label, up to continuity and the regret."""
    n, (i, j) = len(p), _pair_of(p, z)
    return [
        f"Proof. apply (T_at_most_at_point {n} g p z {i} {j} {given} p_is z_is); "
        "[lia|lia| |cbn [p]; lra| |exact low|].",
        f"- {each(n, 'cbn [z]; lra')}",
    ]


def _above_bounded(
    s: Statement, p: Sequence[Fraction], z: Sequence[Fraction], given: str
) -> list[str]:
    """The steps for bounded scores, up to the regret."""
    n, b, (i, j) = len(p), number(coq_bounded.bound_of(s)), _pair_of(p, z)
    return [
        f"Proof. apply (bounded_T_at_most {n} {b} g p z {i} {j} {given} p_is z_spread); "
        "[lia|lia| |cbn [p]; lra|exact low|].",
        f"- {each(n, 'cbn [z]; lra')}",
    ]


def _above_top(s: Statement, p: Sequence[Fraction], z: Sequence[Fraction], given: str) -> list[str]:
    """The steps for several predicted labels, up to continuity and the regret."""
    n, k = len(p), s.top
    worst = sorted(range(n), key=lambda y: (-z[y], p[y]))[:k]
    best = sorted(range(n), key=lambda y: -p[y])[:k]
    r, q = (sum(2**y for y in group) for group in (worst, best))
    case = "first [vm_compute in Mi; discriminate Mi | vm_compute in Mj; discriminate Mj"
    inner = f"do {n} (destruct j as [|j]; [{case} | cbn [z]; lra]|]); exfalso; lia"
    sums = "cbv [sum over member Nat.testbit Nat.odd Nat.even Nat.div2 negb p]"
    return [
        f"Proof. apply (top_T_at_most {n} {k} g p z {r} {q} {given} ltac:(lia) p_is z_is);",
        "[apply Nat.ltb_lt; reflexivity|apply Nat.ltb_lt; reflexivity|reflexivity|reflexivity"
        f"| |{sums}; lra| |exact low|].",
        f"- intros i j Hi Hj Mi Mj. do {n} (destruct i as [|i]; [{inner}|]). exfalso; lia.",
    ]


def of_margin(s: Statement, proof: Fields) -> Regret:
    """Rule "margin point"."""
    beta, v = str(proof["beta"]), str(proof["point"])
    risk, best = margin_risk(beta, s.g, s.loss(MIRROR)), proof["best"]
    regret = minus(put(risk, "v", v), best["least"])
    reached = -floor_of([mul("-1", regret)])
    rest, inside = minus(str(reached), regret), coq_losses.score_set(s)
    b, low, at = number(Fraction(beta)), term(best["least"]), number(Fraction(v))
    to_risk = "unfold margin_risk, g. replace (- v) with ((-1) * v) by ring."
    member = "exact I" if s.bound is None else "apply Rabs_le; lra"
    return Regret(
        [
            f"Definition g (v : R) : R := {term(s.g)}.",
            *at_least(s, "low", risk, best, f"margin_risk g {b} v", to_risk),
            f"Lemma rest : 0 <= {term(rest)}.",
            "Proof.", *constant(rest), "Qed.",
            f"Lemma above : T_at_most {coq_losses.problem(s)} {b} {number(reached)}.",
            f"Proof. apply (margin_T_at_most {inside} g {b} {at} {low}); "
            f"[lra|{member}|exact low_least|lra|].",
            f"pose proof rest as H. unfold margin_risk, g. "
            f"replace (Ropp {at}) with ((-1) * {at}) by ring. lra.",
            "Qed.",
            f"Lemma above_zero : T_at_most {coq_losses.problem(s)} 0 0.",
            f"Proof. apply (margin_T_zero {inside} g {b} {at} {low}); "
            f"[lra|{member}|exact low_least]. Qed.",
        ],
        Fraction(beta),
        reached,
    )  # fmt: skip


POINTS: dict[str, Callable[[Statement, Fields], Regret]] = {
    "convex point": of_softmax, "bounded point": of_softmax, "margin point": of_margin,
}  # fmt: skip


def refuted(s: Statement, proof: Fields) -> list[str]:
    """The script that T is below the claim at one number."""
    return refuted_by(s, proof, POINTS[proof["rule"]](s, proof), coq_losses.problem(s))


def refuted_by(s: Statement, proof: Fields, found: Regret, problem: str) -> list[str]:
    """The same from a regret."""
    b = number(found.beta)
    return [
        *found.lines,
        f"Definition claim (b : R) : R := {term(s.claim)}.",
        *claim_is_more(s, str(proof["beta"]), found.reached),
        "",
        f"Theorem certificate : exists b, 0 <= b <= 1 /\\ ~ T_at_least {problem} b (claim b).",
        f"Proof. exists {b}. split; [lra|]. intro H. pose proof (above _ H). "
        "pose proof claim_is_more. lra. Qed.",
    ]


def refuted_gamma(s: Statement, proof: Fields) -> list[str]:
    """The script that Gamma is above the claim at one excess."""
    if s.top > 1:
        raise refuse("a refuted bound of Gamma with several predicted labels")
    found = POINTS[proof["rule"]](s, proof)
    e, share = Fraction(proof["excess"]), Fraction(proof["share"])
    if share * found.reached > e:
        raise refuse("a regret too close to the excess")
    rest = minus(str(share * found.beta), put(s.claim, "e", str(e)))
    return [
        *found.lines,
        f"Definition claim (e : R) : R := {term(s.claim)}.",
        f"Lemma claim_is_less : claim {number(e)} < {number(share * found.beta)}.",
        f"Proof. unfold claim. enough (0 < {term(rest)}) by lra.",
        *constant(rest, strict=True),
        "Qed.",
        "",
        f"Theorem certificate : exists e, 0 <= e /\\ "
        f"~ Gamma_at_most {coq_losses.problem(s)} e (claim e).",
        f"Proof. exists {number(e)}. split; [lra|].",
        f"apply (Gamma_violated _ {number(found.beta)} {number(found.reached)} _ {number(share)});",
        "[unfold up_to; lra|lra|exact above|exact above_zero|lra|].",
        "pose proof claim_is_less. lra. Qed.",
    ]
