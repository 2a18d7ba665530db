"""Binary margin losses in Coq: least values over scores by pieces, and the margin lemma."""

from __future__ import annotations

from fractions import Fraction

from hconsist.checker import Sign, Statement, Tree
from hconsist.checker.coverage import Piece
from hconsist.checker.reading import Fields
from hconsist.checker.rules.margin import MIRROR
from hconsist.checker.trees import add, minus, mul, put
from hconsist.exports.coq_losses import CoqLoss
from hconsist.exports.coq_signs import algebraic, constant, inside, rational, sign_lemma
from hconsist.exports.coq_terms import number, refuse, term


def margin(s: Statement, proof: Fields) -> CoqLoss:
    """The loss, least values of its parts, and the margin lemma on a piece."""
    g = s.g
    assert g is not None
    if any(piece["witness"] == "inf" for piece in proof["pieces"]):
        raise refuse("an infinite score as a witness")
    parts = {"even": mul("1/2", add(g, s.loss(MIRROR))), "worse": s.loss(MIRROR)}
    goals = {"even": "(g v + g (- v)) / 2", "worse": "g (- v)"}
    lines = [f"Definition g (v : R) : R := {term(g)}.", *_symmetric(s)]
    for name, part in parts.items():
        lines += _least(s, name, part, goals[name], proof[name])
    sets = _inside(s)

    def apply(k: int, piece: Piece, names: list[str]) -> list[str]:
        w = piece.data["witness"]
        steps = [f"pose proof ({names[0]} x Hx) as S0."]
        for i, side in enumerate(_sides(s, w)):
            body = sign_lemma(f"W{i}", Sign(side, "x", piece.low, piece.high, "algebra:0"))
            low, high = (Fraction(str(e)) for e in (piece.low, piece.high))
            steps += [
                f"assert (W{i} : forall x, {inside('x', low, high)} -> 0 <= {term(side)}).",
                "{ clear.", *body[body.index("Proof.") + 1 : -2], "}", f"specialize (W{i} x Hx).",
            ]  # fmt: skip
        return [
            *steps,
            f"apply (margin_witness {sets} g _ _ symmetric even_least worse_least) "
            f"with (u := {term(w)}).",
            "- lra.",
            "- exact I." if s.bound is None else
            "- unfold bounded_scores. apply Rabs_le. split; lra.",
            f"- unfold margin_risk, g, claim_{k}.",
            f"replace (Ropp {term(w)}) with {term(mul('-1', w))} by ring. lra.",
        ]  # fmt: skip

    return CoqLoss(lines, apply, True)


def _number(t: Tree) -> list[str]:
    """Steps that show a tree without variables >= 0: by its normal form, where there are maxima."""
    if "max" in str(t):
        return algebraic(t, Fraction(0), Fraction(0))
    return constant(t)


def _inside(s: Statement) -> str:
    return "all_scores" if s.bound is None else f"(bounded_scores {number(s.bound)})"


def _sides(s: Statement, w: Tree) -> list[Tree]:
    return [] if s.bound is None else [minus(str(s.bound), w), add(str(s.bound), w)]


def _symmetric(s: Statement) -> list[str]:
    return [
        f"Lemma symmetric : forall f, {_inside(s)} f -> {_inside(s)} (- f).",
        "Proof. intros f Hf. exact I. Qed." if s.bound is None else
        "Proof. unfold bounded_scores. intros f Hf. rewrite Rabs_Ropp. exact Hf. Qed.",
    ]  # fmt: skip


def _least(s: Statement, name: str, part: Tree, goal: str, data: Fields) -> list[str]:
    """``least <= part`` for all admissible scores v >= 0."""
    least, lines, steps = term(data["least"]), [], []
    t = minus(part, data["least"])
    mirrored = "replace (- v) with ((-1) * v) by ring."
    for k, piece in enumerate(data["pieces"]):
        low, high = Fraction(piece["from"]), piece["to"]
        base = piece["from"] if piece["climb"] == "up" else piece["to"]
        curve: Tree = add(base, "x" if piece["climb"] == "up" else ["mul", "-1", "x"])
        length = "inf" if high == "inf" else str(Fraction(high) - low)
        here = f"{name}_{k}"
        o = Sign(put(t, "v", curve), "x", "0", length, piece["method"])
        lines += sign_lemma(here, o)
        end = put(t, "v", str(low))
        lines += [
            f"Lemma {here}_end : 0 <= {term(end)}.", "Proof.", *_number(end), "Qed.",
        ]  # fmt: skip
        x = f"v - {number(rational(base))}" if piece["climb"] == "up" else (
            f"{number(rational(base))} - v")  # fmt: skip
        within = f"v < {number(Fraction(high))}" if high != "inf" else None
        steps += [
            f"destruct (Req_dec v {number(low)}) as [->|N{k}].",
            f"{{ pose proof {here}_end as S. unfold g. "
            f"replace (Ropp {number(low)}) with ((-1) * {number(low)}) by ring. lra. }}",
        ]
        reach = None if length == "inf" else Fraction(length)
        proven = [
            f"assert (v = {term(curve).replace('x', f'({x})')}) as E by ring.",
            f"assert ({inside(f'({x})', Fraction(0), reach)}) as Hx by lra.",
            f"pose proof ({here} _ Hx) as S. rewrite <- E in S. unfold g. {mirrored} lra.",
        ]
        if within is None:
            steps += proven
        else:
            steps += [f"destruct (Rlt_dec v {number(Fraction(high))}) as [L{k}|L{k}].",
                      "{", *proven, "}"]  # fmt: skip
    if s.bound is not None:
        last = number(s.bound)
        end = put(t, "v", str(s.bound))
        lines += [f"Lemma {name}_last : 0 <= {term(end)}.", "Proof.", *_number(end), "Qed."]
        steps += [
            f"assert (v = {last}) as -> by lra. pose proof {name}_last as S. unfold g. "
            f"replace (Ropp {last}) with ((-1) * {last}) by ring. lra.",
        ]
    bound = "" if s.bound is None else (
        "unfold bounded_scores in Hv. pose proof (Rle_abs v) as Ha.")  # fmt: skip
    return [
        *lines,
        f"Lemma {name}_least : forall v, {_inside(s)} v -> 0 <= v -> {least} <= {goal}.",
        f"Proof. intros v Hv H0. {bound}",
        *steps,
        "Qed.",
        "",
    ]
