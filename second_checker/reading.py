"""The file: JSON of exactly the schema's keys, its digest, and the statement it makes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from .trees import ZERO, Rejected, Tree, Undecided, rational, read, words

SCHEMA = "hconsist-certificate/4"
MOST_BYTES, MOST_LABELS = 32 * 2**20, 10**9


def fields(value: Any, names: str) -> list[Any]:
    """The values of exactly these keys, in this order."""
    wanted = names.split()
    if not isinstance(value, dict):
        raise Rejected(f"not an object with the keys {names}")
    if set(value) != set(wanted):
        raise Rejected(f"the keys {sorted(value)} are not {sorted(wanted)}")
    return [value[k] for k in wanted]


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({k for k, _ in pairs}) != len(pairs):
        raise Rejected("a repeated key")
    return dict(pairs)


def _no_number(text: str) -> Any:
    raise Rejected(f"the number {text[:40]}: only whole numbers are allowed")


def parse(text: str) -> Any:
    """JSON without repeated keys, fractions, exponents or NaN."""
    try:
        return json.loads(text, object_pairs_hook=_no_repeats, parse_float=_no_number,
                          parse_constant=_no_number)  # fmt: skip
    except RecursionError as error:
        raise Undecided("nesting over the limit") from error
    except ValueError as error:
        raise Rejected(f"not JSON: {error}") from error


def load(path: str | Path) -> Any:
    """The object in a file."""
    data = Path(path).read_bytes()
    if len(data) > MOST_BYTES:
        raise Undecided("a file over the limit of 32 MB")
    try:
        return parse(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Rejected("not UTF-8") from error


def digest(c: dict[str, Any]) -> str:
    """SHA-256 of the file without its digest, as the schema says."""
    body = {k: v for k, v in c.items() if k != "digest"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


@dataclass(frozen=True)
class Statement:
    """What a file states. `n` is None for every n >= 2; `bound` is None for all scores; `costs` is
    None for the zero-one target; `claim` is a tree in `b`, or in `e` for Gamma.
    """

    kind: str
    g: Tree
    n: int | None
    costs: tuple[tuple[Fraction, ...], ...] | None
    bound: Fraction | None
    relation: str
    claim: Tree
    spec: str | None
    losses: tuple[Any, ...] = ()
    zero_sum: bool = False
    k: int = 1
    members: str = ""
    inputs: tuple[tuple[Fraction, tuple[Fraction, ...]], ...] = ()

    @property
    def scores(self) -> int:
        """How many scores a loss of all scores has: one for each prediction."""
        return len(self.losses) if self.costs is None else len(self.costs)

    def in_words(self) -> str:
        """The statement as it is checked."""
        v = "u" if self.kind == "softmax" else "v"
        loss = f"loss g({v}) = {words(self.g)} of the {self.kind} value"
        if self.kind == "scores":
            each = "; ".join(f"g_{y + 1} = {_written(t)}" for y, t in enumerate(self.losses))
            loss = f"losses of all scores {each}"
        labels = "every n >= 2" if self.n is None else f"n = {self.n}"
        target = "zero-one target"
        if self.costs is not None:
            rows = "; ".join(" ".join(str(x) for x in row) for row in self.costs)
            target = f"costs [{rows}]"
        scores = "all scores" if self.bound is None else f"|h| <= {self.bound}"
        scores += " of sum zero" if self.zero_sum else ""
        if self.k > 1:
            target = f"{self.k} predicted labels"
        if self.inputs:
            rows = "; ".join(f"{x}: {' '.join(map(str, p))}" for x, p in self.inputs)
            return (f"{loss}; {labels}; {scores}; inputs [{rows}]; functions: {self.members}: "
                    f"{self.relation} {words(self.claim)}")  # fmt: skip
        sign, var = self.relation.split()[1], "b" if self.relation[0] == "T" else "e"
        return (f"{loss}; {labels}; {target}; {scores}: "
                f"{self.relation.split()[0]}({var}) {sign} {words(self.claim)}")  # fmt: skip


def statement(raw: Any) -> Statement:
    """Read `statement`."""
    loss, classes, target, hypotheses, claim = fields(raw, "loss classes target hypotheses claim")
    spec, kind, formula = fields(loss, "spec kind formula")
    if spec is not None and not isinstance(spec, str):
        raise Rejected("spec is neither null nor a name")
    if kind not in ("softmax", "margin", "scores"):
        raise Rejected("kind is neither softmax nor margin nor scores")
    g = ZERO if kind == "scores" else read(formula, "u" if kind == "softmax" else "v")
    n = None
    if classes != "any":
        if type(classes) is not int or not 2 <= classes <= MOST_LABELS:
            raise Rejected("classes is no whole number from 2 to 10^9, nor 'any'")
        n = classes
    if kind == "margin" and n != 2:
        raise Rejected("a margin loss has 2 classes")
    gap = isinstance(claim, dict) and claim.get("kind") in ("gap <=", "gap >=")
    costs, k = _target(target, kind, n, gap)
    named = hypotheses.get("kind") if isinstance(hypotheses, dict) else None
    if named not in ("complete", "bounded", "zero-sum", "zero-sum bounded"):
        raise Rejected("unknown hypotheses")
    zero_sum, bound = named.startswith("zero-sum"), None
    if named.endswith("bounded"):
        bound = rational(fields(hypotheses, "kind scores")[1])
        if bound <= 0:
            raise Rejected("the bound of scores is > 0")
        if kind == "softmax" and (n is None or costs is not None or k > 1):
            raise Rejected("bounded scores of softmax losses: n given, zero-one")
    else:
        fields(hypotheses, "kind")
    if zero_sum and kind != "scores":
        raise Rejected("scores of sum zero are for losses of all scores")
    losses: tuple[Any, ...] = ()
    if kind == "scores":
        if n is None or not isinstance(formula, list) or len(formula) != n or n > 100:
            raise Rejected("a loss of all scores has a formula for each of at most 100 labels")
        losses = tuple(formula)
        for t in losses:
            piecewise_linear(t, n if costs is None else len(costs))
    if gap:
        relation, tree, members, raw_inputs = fields(claim, "kind formula members inputs")
        if members not in ("all", "constant"):
            raise Rejected("members are all or constant")
        return Statement(kind, g, n, costs, bound, relation, read(tree, ""), spec, losses, zero_sum,
                         1, members, _inputs(raw_inputs, n))  # fmt: skip
    relation, tree = fields(claim, "kind formula")
    if relation not in ("T >=", "T <=", "Gamma <="):
        raise Rejected("unknown kind of claim")
    about_t = relation != "Gamma <="
    c = read(tree, "b" if about_t else "e", cases=about_t)
    return Statement(kind, g, n, costs, bound, relation, c, spec, losses, zero_sum, k)


def _inputs(raw: Any, n: int | None) -> tuple[tuple[Fraction, tuple[Fraction, ...]], ...]:
    """Weights > 0 that sum to 1, each with a distribution of the label."""
    if not isinstance(raw, list) or not raw or n is None:
        raise Rejected("a gap has inputs, and n is given")
    if len(raw) > 1000 or n > 200:
        raise Undecided("more than 1000 inputs or 200 labels")
    found = []
    for one in raw:
        weight, entries = fields(one, "weight p")
        if not isinstance(entries, list) or len(entries) != n:
            raise Rejected("p has an entry for each label")
        p = tuple(rational(x) for x in entries)
        if min(p) < 0 or sum(p) != 1 or rational(weight) <= 0:
            raise Rejected("no distribution of a label, or a weight that is not > 0")
        found.append((rational(weight), p))
    if sum(x for x, _ in found) != 1:
        raise Rejected("the weights do not sum to 1")
    return tuple(found)


def piecewise_linear(t: Any, scores: int) -> None:
    """Reject what is no tree of the schema in s1, s2, ...; rules ask for more."""
    if isinstance(t, str) and t[:1] == "s":
        if t not in {f"s{k + 1}" for k in range(scores)}:
            raise Rejected(f"no score {t[:20]}")
    elif isinstance(t, str):
        rational(t)
    elif not isinstance(t, list) or len(t) < 2 or t[0] not in ("add", "mul", "max"):
        raise Rejected("not piecewise linear in the scores")
    else:
        try:
            for part in t[1:]:
                piecewise_linear(part, scores)
        except RecursionError as error:
            raise Undecided("nesting over the limit") from error


def _written(t: Any) -> str:
    """A formula of scores as a reader writes it."""
    if isinstance(t, str):
        return t
    signs = {"add": " + ", "mul": " * ", "max": ", "}
    inner = signs[t[0]].join(_written(part) for part in t[1:])
    return f"max({inner})" if t[0] == "max" else f"({inner})"


def _target(target: Any, kind: str, n: int | None, gap: bool) -> tuple[Any, int]:
    """The costs, if there are any, and how many labels are predicted."""
    named = target.get("kind") if isinstance(target, dict) else None
    if gap:
        if fields(target, "kind") != ["none"]:
            raise Rejected("a gap has no target")
        return None, 1
    if named != "top":
        return _costs(target, kind, n), 1
    k = fields(target, "kind k")[1]
    if type(k) is not int or n is None or not 2 <= k < n or kind != "softmax":
        raise Rejected("k predicted labels, 2 <= k < n, are for softmax losses, and n is given")
    return None, k


def _costs(target: Any, kind: str, n: int | None) -> tuple[tuple[Fraction, ...], ...] | None:
    if isinstance(target, dict) and target.get("kind") == "costs":
        matrix = fields(target, "kind matrix")[1]
        if kind == "margin" or n is None:
            raise Rejected("costs are not for margin losses, and n is given")
        if not isinstance(matrix, list) or not all(isinstance(r, list) for r in matrix):
            raise Rejected("the costs are no matrix")
        rows = tuple(tuple(rational(x) for x in row) for row in matrix)
        if len(rows) < 2 or any(len(row) != n for row in rows) or len(set(rows)) != len(rows):
            raise Rejected("the costs need two or more rows, no two alike, of n entries each")
        return rows
    if fields(target, "kind") != ["zero-one"]:
        raise Rejected("unknown target")
    return None
