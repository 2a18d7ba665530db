"""Piecewise-linear losses of all scores in Coq: their problem, and least risks from below."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hconsist.checker import Statement, Tree
from hconsist.checker.cells import dot
from hconsist.checker.reading import Fields
from hconsist.checker.rules.risks import Risks, cost_rows, predictions
from hconsist.checker.trees import put
from hconsist.exports.coq_points import Regret, distribution_lines, refuted_by
from hconsist.exports.coq_terms import number, refuse, term

Vector = tuple[Fraction, ...]
#: Scores of a loss that is written out, and maxima that are split into cases.
SCORES, CASES = 6, 8


def problem(s: Statement) -> str:
    """The problem that a theorem is about."""
    return f"(scores_problem {len(s.losses)} {s.scores} {score_set(s)} costs loss)"


def score_set(s: Statement) -> str:
    """The hypothesis set."""
    if s.bound is None:
        return f"(zero_sum {s.scores})" if s.zero_sum else "every_score"
    return f"({'zero_sum_box' if s.zero_sum else 'box'} {s.scores} {number(s.bound)})"


def letters(s: Statement) -> list[str]:
    """A letter for each score."""
    if s.scores > SCORES:
        raise refuse(f"a loss of more than {SCORES} scores")
    return [f"s{chr(97 + k)}" for k in range(s.scores)]


def _named(s: Statement, t: Tree) -> Tree:
    for k, letter in enumerate(letters(s)):
        t = put(t, f"s{k + 1}", letter)
    return t


def loss_lines(s: Statement, with_costs: bool = True) -> list[str]:
    """The loss of each label, and the costs (of a gap, which has no target, the zero-one costs)."""
    names = " ".join(letters(s))
    scores = " ".join(f"(s {k}%nat)" for k in range(s.scores))
    labels = range(len(s.losses))
    cases = " ".join(f"| {y}%nat => loss_{y} {scores}" for y in labels)
    rows = cost_rows(s) if with_costs else [[Fraction(r != y) for y in labels] for r in labels]
    table = " ".join(
        f"| {r}%nat, {y}%nat => {number(x)}" for r, row in enumerate(rows)
        for y, x in enumerate(row)
    )  # fmt: skip
    return [
        *(f"Definition loss_{y} ({names} : R) : R := {term(_named(s, t))}."
          for y, t in enumerate(s.losses)),
        f"Definition loss (s : nat -> R) (y : nat) : R := match y with {cases} | _ => 0 end.",
        f"Definition costs (r y : nat) : R := match r, y with {table} | _, _ => 0 end.",
    ]  # fmt: skip


def maxima(t: Tree, upright: bool = True) -> list[tuple[Tree, bool]]:
    """The maxima of a tree, wholes before parts, and whether each stands upright."""
    if isinstance(t, str):
        return []
    found = [(t, upright)] if t[0] == "max" else []
    if t[0] == "mul":
        negative = sum(isinstance(a, str) and Fraction(a) < 0 for a in t[1:]
                       if isinstance(a, str) and not a[0].isalpha())  # fmt: skip
        upright = upright == (negative % 2 == 0)
    for part in t[1:]:
        found += maxima(part, upright)
    return found


def split_steps(trees: Sequence[Tree]) -> list[str]:
    """Steps that make formulas linear: bounds of maxima, and cases of those upside down."""
    known: dict[str, bool] = {}
    for t in trees:
        for m, upright in maxima(t):
            known[term(m)] = known.get(term(m), True) and upright
    pairs = {term(m): m for t in trees for m, _ in maxima(t)}
    lines = []
    for text, m in pairs.items():
        if known[text]:
            a, b = term(m[1]), term(m[2])
            lines += [f"pose proof (Rmax_l {a} {b}). pose proof (Rmax_r {a} {b})."]
    down = [m for text, m in pairs.items() if not known[text]]
    if len(down) > CASES:
        raise refuse(f"a loss with more than {CASES} maxima that stand upside down")
    # Whole maxima first: their parts are rewritten afterwards, in facts and goal alike.
    for m in down:
        a, b = term(m[1]), term(m[2])
        lines += [
            f"assert (Rmax {a} {b} = {a} /\\ {b} <= {a} \\/ Rmax {a} {b} = {b} /\\ {a} <= {b}) "
            "as [[? ?]|[? ?]] by (unfold Rmax at 1 2; destruct Rle_dec; lra)."
        ]
    return lines


def least_lines(s: Statement, name: str, p: Vector, low: Fraction) -> list[str]:
    """``NAME : forall s, inside s -> low <= risk at NAME_p``."""
    used = [t for t, share in zip(s.losses, p, strict=True) if share]
    scores = " ".join(f"(s {k}%nat)" for k in range(s.scores))
    quantified = " ".join(letters(s))
    facts, given = [], []
    if s.zero_sum:
        facts.append(f"{' + '.join(letters(s))} = 0")
        given.append("unfold zero_sum in *; cbn [sum] in *; lra")
    if s.bound is not None:
        b = number(s.bound)
        for k, letter in enumerate(letters(s)):
            facts.append(f"- {b} <= {letter} <= {b}")
            given.append(f"unfold box in *; match goal with H : forall k, _ |- _ => "
                         f"exact (H {k}%nat ltac:(lia)) end")  # fmt: skip
    total = " + ".join(
        f"{number(share)} * loss_{y} {quantified}" for y, share in enumerate(p) if share
    )
    names = " ".join(f"F{k}" for k in range(len(facts)))
    opened = ", ".join(f"loss_{y}" for y, share in enumerate(p) if share)
    hypotheses = "".join(f"{f} -> " for f in facts)
    return [
        f"Lemma {name}_all : forall {quantified} : R, {hypotheses}{number(low)} <= {total}.",
        f"Proof. intros {quantified} {names}.",
        *split_steps([_named(s, t) for t in used]),
        f"all: unfold {opened}; lra.",
        "Qed.",
        f"Lemma {name} : forall s, {score_set(s)} s -> "
        f"{number(low)} <= sum {len(p)} (fun y => {name}_p y * loss s y).",
        "Proof. intros s Hs.",
        *(["destruct Hs as [Hz Hs]."] if s.zero_sum and s.bound is not None else []),
        f"pose proof ({name}_all {scores} {' '.join(f'ltac:({g})' for g in given)}) as H.",
        f"cbn [sum {name}_p loss]. lra.",
        "Qed.",
    ]


def member(s: Statement, name: str, scores: Vector) -> list[str]:
    """``NAME``, a vector of scores, and that it is allowed."""
    cases = " ".join(f"| {k}%nat => {number(x)}" for k, x in enumerate(scores))
    sums = f"cbn [sum {name}]. lra."
    inside = f"intros y Hy. do {s.scores} (destruct y as [|y]; [cbn [{name}]; lra|]). exfalso; lia."
    steps = {
        (False, False): ["exact I."], (True, False): [f"unfold zero_sum. {sums}"],
        (False, True): [inside], (True, True): [f"split; [unfold zero_sum; {sums[:-1]}|].", inside],
    }[s.zero_sum, s.bound is not None]  # fmt: skip
    return [
        f"Definition {name} (y : nat) : R := match y with {cases} | _ => 0 end.",
        f"Lemma {name}_inside : {score_set(s)} {name}.",
        "Proof.", *steps, "Qed.",
    ]  # fmt: skip


def value_steps(name: str, p: str, labels: int) -> str:
    """The step that calculates a risk at scores that are numbers."""
    opened = ", ".join(f"loss_{y}" for y in range(labels))
    return f"cbn [sum {p} loss {name}]. unfold {opened}. unfold Rmax. repeat destruct Rle_dec; lra."


def score_point(s: Statement, proof: Fields) -> Regret:
    """Rule "score point"."""
    risks, costs = Risks(s), cost_rows(s)
    r, best = predictions(s, proof)
    p = tuple(Fraction(x) for x in proof["p"])
    scores = risks.allowed(proof["scores"], r)
    low = risks.least(p, proof["least"], None)
    reached = dot(p, risks.values(scores)) - low
    beta, n, m = Fraction(proof["beta"]), len(p), len(costs)
    pred = f"intros y Hy. do {m} (destruct y as [|y]; [cbn [t]; lra|]). exfalso; lia."
    return Regret(
        [
            *loss_lines(s),
            *distribution_lines("low_p", p, "distribution"),
            *member(s, "t", scores),
            *least_lines(s, "low", p, low),
            f"Lemma above : T_at_most {problem(s)} {number(beta)} {number(reached)}.",
            f"Proof. apply (scores_T_at_most {n} {m} {score_set(s)} costs loss low_p t {r} {best} "
            f"{number(beta)} {number(low)} {number(reached)} low_p_is t_inside); "
            "[lia|lia| | |exact low|].",
            f"- {pred}",
            "- cbn [sum low_p costs]. lra.",
            f"- {value_steps('t', 'low_p', n)}",
            "Qed.",
        ],
        beta,
        reached,
    )


def point_refutes(s: Statement, proof: Fields) -> list[str]:
    """The script that T is below the claim at one number."""
    return refuted_by(s, proof, score_point(s, proof), problem(s))
