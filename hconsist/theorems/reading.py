"""A paper as a file: TOML with its claims, read into statements.

.. code-block:: toml

    [paper]
    title = "..."
    authors = "..."
    year = 2026

    [[claim]]
    id = "theorem-3"
    locator = "Theorem 3"
    loss = "gce:q={q}"
    parameters = { q = ["0.3", "0.7"] }
    classes = [2, 3, 10]
    relation = "T >="
    formula = "beta**2/(2*n**q)"
    quoted = "read"

A formula is in the grammar of losses (`hconsist.formula`). Its names: ``beta`` (or ``b``) for
transformations, ``epsilon`` (or ``u``) for Gamma, ``n`` for the number of classes, ``B`` for the
score bound, ``K`` for the size of a top-k target, and the parameters of the loss by their names.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hconsist.arithmetic import exact, to_sympy
from hconsist.errors import HconsistError, InvalidInputError, UnknownNameError
from hconsist.formula import parse_formula
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol
from hconsist.theorems.checks import check_named
from hconsist.theorems.statement import Claim, Paper, Theorem

if TYPE_CHECKING:
    from sympy import Expr

_PAPER = ("short", "title", "authors", "year", "venue", "arxiv", "url", "version", "quoted")
_TEXTS = ("id", "locator", "statement", "relation", "claim", "quoted", "conditions", "note")
_MORE_TEXTS = ("check", "subject", "improves", "gain")
_KEYS = (
    *_TEXTS,
    *_MORE_TEXTS,
    *("loss", "losses", "parameters", "classes", "target", "hypotheses"),
    *("formula", "where", "betas", "given"),
)
#: The relations that a file may state, each with the claim that it makes unless the file says so;
#: None for those that have no formula.
RELATIONS: Mapping[str, Claim] = {
    "T >=": "valid",
    "T =": "tight",
    "T <=": "valid",
    "Gamma <=": "valid",
    "Gamma =": "tight",
    "growth": "valid",
    "massart": "valid",
    "tsybakov": "valid",
    "consistent": "valid",
    "inconsistent": "valid",
    "strongly proper": "tight",
    "fact": "valid",
    "computed": "valid",
}
_CHECKED = ("fact", "computed")
_NO_FORMULA = ("consistent", "inconsistent", *_CHECKED)
#: A file is small; a large one is a mistake.
_LARGEST = 1_000_000


def read_paper(path: Path, *, eager: bool = True) -> tuple[Theorem, ...]:
    """The statements of a paper's file.

    Parameters
    ----------
    path : Path
    eager : bool
        Whether every formula is read at once, so that a bad one is refused before any work.

    Raises
    ------
    InvalidInputError
        When the file cannot be read, or breaks a rule: with the line, the rule and the remedy.

    Examples
    --------
    >>> from hconsist.theorems import PAPERS
    >>> [entry.id for entry in read_paper(PAPERS / "zheng-2023.toml")]
    ['discriminative-logistic']
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InvalidInputError("a paper's file is at most 1 MB", str(path), "split it")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidInputError(
            "a paper's file must be readable text", str(path), f"{problem}"
        ) from problem
    return parse_paper(text, path.stem, str(path), eager=eager)


def parse_paper(
    text: str, key: str, name: str = "the file", *, eager: bool = True
) -> tuple[Theorem, ...]:
    """The statements that the text of a file makes; see `read_paper`.

    >>> claim = '[paper]\\ntitle = "T"\\n[[claim]]\\nid = "a"\\nloss = "mae"\\nclasses = 2\\n'
    >>> parse_paper(claim + 'relation = "T ="\\nformula = "b/2"', "draft")[0].claim
    'tight'
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise InvalidInputError(
            "a paper's file must be TOML", name, f"mend it: {problem or 'nested too deep'}"
        ) from problem
    lines = _Lines(text, name)
    lines.known(data, ("paper", "claim"), "a paper's file", 0)
    head = data.get("paper")
    if not isinstance(head, dict):
        raise lines.error("a paper's file has a table [paper]", "none", "add it", 1)
    lines.known(head, _PAPER, "[paper]", lines.of("paper"))
    paper = _paper(head, key)
    quoted = head.get("quoted", "memory")
    claims = data.get("claim", [])
    if not isinstance(claims, list) or not claims:
        raise lines.error("a paper's file has tables [[claim]]", "none", "add one", 1)
    found = []
    for number, claim in enumerate(claims):
        try:
            entry = _statement(claim, paper, quoted)
            if eager:
                _tried(entry)
            found.append(entry)
        except HconsistError as problem:
            line = lines.claim(number, problem)
            rule, received, remedy = (
                (problem.rule, problem.received, problem.remedy)
                if isinstance(problem, InvalidInputError)
                else (str(problem), claim.get("loss", ""), "choose another problem")
            )
            raise lines.error(rule, received, remedy, line) from problem
    ids = [entry.id for entry in found]
    for number, identifier in enumerate(ids):
        if identifier in ids[:number]:
            where = lines.claim(number, None)
            raise lines.error("an id is given once in a file", identifier, "rename one", where)
    return tuple(found)


def _paper(head: Mapping[str, Any], key: str) -> Paper:
    texts = {name: str(head[name]) for name in _PAPER[1:-1] if name in head}
    parts = (texts.get(name, "") for name in ("authors", "title", "venue", "year"))
    short = str(head.get("short") or ", ".join(filter(None, parts)) or key)
    return Paper(key, short, **texts)


def _statement(claim: object, paper: Paper, quoted: str) -> Theorem:
    """One claim; errors name the rule, and the caller adds the line."""
    if not isinstance(claim, dict):
        raise InvalidInputError("a claim is a table", repr(claim), "write [[claim]]")
    for key in claim:
        if key not in _KEYS:
            raise UnknownNameError("key of a claim", str(key), _KEYS)
    for key in (*_TEXTS, *_MORE_TEXTS):
        if not isinstance(claim.get(key, ""), str):
            raise InvalidInputError(f"{key} is a text", repr(claim[key]), "put it in quotes")
    identifier = claim.get("id", "")
    if not re.fullmatch(r"[\w.-]+", identifier):
        raise InvalidInputError(
            "a claim has an id of letters, digits and dashes", identifier, 'write id = "theorem-3"'
        )
    relation = claim.get("relation", "")
    if relation not in RELATIONS:
        raise UnknownNameError("relation", relation, RELATIONS)
    formula = claim.get("formula")
    if (formula is None) != (relation in _NO_FORMULA):
        rule = f"the relation {relation!r} has {'no' if formula is not None else 'a'} formula"
        raise InvalidInputError(rule, formula or "none", "see the documentation of paper files")
    word = claim.get("claim", RELATIONS[relation])
    known = ("tight", "valid", "not tight", "fails as printed", "false", "open")
    if word not in known:
        raise UnknownNameError("claim", word, known)
    source = claim.get("quoted", quoted)
    if source not in ("read", "secondary", "memory", "own"):
        raise UnknownNameError("way of quoting", source, ("read", "secondary", "memory", "own"))
    if word == "fails as printed" and source != "read":
        raise InvalidInputError(
            "only a paper that was read is said to fail as printed", source, 'use claim = "false"'
        )
    if (relation in _CHECKED) != ("check" in claim):
        raise InvalidInputError(
            f"a check and the relations {' and '.join(_CHECKED)} go together",
            claim.get("check", relation),
            'write relation = "fact" and check = "divergence"',
        )
    check = check_named(claim["check"], claim.get("given", {})) if "check" in claim else None
    instances, parameters = _instances(claim)
    betas = claim.get("betas")
    return Theorem(
        identifier,
        paper,
        claim.get("locator", ""),
        claim.get("statement", ""),
        relation,
        word,
        instances,
        None if formula is None else _formula(formula, claim.get("where", ()), parameters),
        check=check,
        betas=None if betas is None else _betas(betas),
        quoted=source,
        conditions=claim.get("conditions", ""),
        note=claim.get("note", ""),
        subject=claim.get("subject", ""),
        improves=claim.get("improves", ""),
        gain=claim.get("gain", ""),
    )


def _tried(entry: Theorem) -> None:
    """Read the formulas of a statement on each of its problems."""
    for problem in entry.instances:
        if entry.formula is not None:
            entry.at(problem)
        if entry.betas is not None:
            entry.betas(problem)


def _listed(value: object, key: str) -> list[object]:
    """A value or a list of values, as a list."""
    values = value if isinstance(value, list) else [value]
    if not values:
        raise InvalidInputError(f"{key} names at least one value", "[]", f"add one to {key}")
    return values


def _instances(
    claim: Mapping[str, Any],
) -> tuple[tuple[PointwiseProblem, ...], dict[PointwiseProblem, dict[str, Expr]]]:
    """The problems of a claim, and the values of its own parameters on each."""
    if claim.get("subject"):
        claim = {"loss": "logistic", **claim}  # a problem that is named and not asked
    if ("loss" in claim) == ("losses" in claim):
        raise InvalidInputError("a claim names loss, or losses", "both or none", 'loss = "mae"')
    templates = _listed(claim.get("loss", claim.get("losses")), "losses")
    table = claim.get("parameters", {})
    if not isinstance(table, dict):
        raise InvalidInputError(
            "parameters is a table of lists", repr(table), 'write parameters = { q = ["0.5"] }'
        )
    names = [[(k, v) for v in _listed(values, k)] for k, values in table.items()]
    found: list[PointwiseProblem] = []
    parameters: dict[PointwiseProblem, dict[str, object]] = {}
    for template, chosen in itertools.product(templates, itertools.product(*names)):
        values = {k: exact(v, k) for k, v in chosen}
        spec = _filled(str(template), dict(chosen))
        for n, h, target in itertools.product(
            _listed(claim.get("classes", 2), "classes"),
            _listed(claim.get("hypotheses", "complete"), "hypotheses"),
            _listed(claim.get("target", "zero-one"), "target"),
        ):
            problem = PointwiseProblem(spec, target, h, n)  # type: ignore[arg-type]
            found.append(problem)
            parameters[problem] = {k: to_sympy(v) for k, v in values.items()}
    return tuple(dict.fromkeys(found)), parameters


def _filled(template: str, values: Mapping[str, object]) -> str:
    """``gce:q={q}`` with the value of q put in; nothing else is read as a template."""

    def put(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise InvalidInputError(
                "a name in braces is one of the parameters", f"{{{name}}}", f"add {name} to them"
            )
        return str(values[name])

    return re.sub(r"\{(\w+)\}", put, template)


def _names(problem: PointwiseProblem) -> dict[str, object]:
    """What the names of a formula stand for on a problem."""
    import sympy

    beta, excess = beta_symbol(), excess_symbol()
    names: dict[str, object] = {"beta": beta, "b": beta, "epsilon": excess, "u": excess}
    names["n"] = to_sympy(problem.n_classes)
    bound = problem.hypotheses.score_bound
    names["B"] = sympy.oo if bound is None else to_sympy(bound)
    for loss in (getattr(problem.surrogate, "phi", None), problem.surrogate):
        for field in dataclasses.fields(loss) if dataclasses.is_dataclass(loss) else ():
            value = getattr(loss, field.name)
            if isinstance(value, Fraction | int | sympy.Expr) and field.name != "formula":
                names[field.name] = to_sympy(value)
    top = problem.decision.structure.top
    if top is not None:
        names["K"] = sympy.Integer(top)
    return names


@lru_cache(maxsize=4096)
def _read(text: str, names: tuple[tuple[str, object], ...]) -> Expr:
    return parse_formula(text, dict(names), "a claim's formula")


def _formula(
    text: object, where: object, parameters: Mapping[PointwiseProblem, Mapping[str, object]]
) -> Callable[[PointwiseProblem], Expr]:
    if not isinstance(text, str):
        raise InvalidInputError("a formula is a text", repr(text), 'write formula = "beta/2"')
    conditions = where if isinstance(where, list | tuple) else [where]

    def formula(problem: PointwiseProblem) -> Expr:
        names = tuple((_names(problem) | dict(parameters.get(problem, {}))).items())
        for condition in conditions:
            if _read(f"Piecewise((1, {condition}), (0, True))", names) != 1:
                return None
        return _read(text, names)

    return formula


def _betas(values: object) -> Callable[[PointwiseProblem], tuple[Fraction, ...]]:
    """Target regrets as formulas of n, B and the parameters; an irrational one is rounded down to
    thousandths.
    """
    texts = [str(v) for v in _listed(values, "betas")]

    def betas(problem: PointwiseProblem) -> tuple[Fraction, ...]:
        import sympy

        found = []
        for text in texts:
            value = _read(text, tuple(_names(problem).items()))
            if value.free_symbols:
                raise InvalidInputError("betas are numbers", text, 'write betas = ["1/10"]')
            if not value.is_Rational:
                value = sympy.Rational(sympy.floor(1000 * value), 1000)
            found.append(Fraction(int(value.p), int(value.q)))
        return tuple(found)

    return betas


class _Lines:
    """Where the keys of a TOML text stand, for messages."""

    def __init__(self, text: str, name: str) -> None:
        self.lines, self.name = text.splitlines(), name
        self.claims = [
            i for i, line in enumerate(self.lines, 1) if re.match(r"\s*\[\[\s*claim\s*\]\]", line)
        ]

    def of(self, table: str) -> int:
        """The line of a table's head."""
        pattern = rf"\s*\[\s*{table}\s*\]"
        return next((i for i, line in enumerate(self.lines, 1) if re.match(pattern, line)), 1)

    def claim(self, number: int, problem: HconsistError | None) -> int:
        """The line of a claim, or of the value in it that an error received."""
        start = self.claims[number] if number < len(self.claims) else 1
        end = self.claims[number + 1] if number + 1 < len(self.claims) else len(self.lines) + 1
        received = str(getattr(problem, "received", "") or "")
        for i in range(start, min(end, len(self.lines) + 1)):
            if received and received in self.lines[i - 1]:
                return i
        return start

    def known(self, table: Mapping[str, object], keys: Iterable[str], what: str, line: int) -> None:
        """Refuse keys that are none of the known ones."""
        for key in table:
            if key not in keys:
                problem = UnknownNameError(f"key of {what}", str(key), keys)
                raise self.error(problem.rule, problem.received, problem.remedy, line)

    def error(self, rule: str, received: object, remedy: str, line: int) -> InvalidInputError:
        """The error of a rule, with the file and the line."""
        return InvalidInputError(f"{self.name}, line {max(line, 1)}: {rule}", received, remedy)
