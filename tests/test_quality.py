"""The rules of the house, as tests: style, types, and imports that point down."""

from __future__ import annotations

import ast
import graphlib
import importlib
import inspect
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(sysconfig.get_path("scripts"))


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([sys.executable, "-m", "ruff", "check", "."], id="ruff check"),
        pytest.param([sys.executable, "-m", "ruff", "format", "--check", "."], id="ruff format"),
        pytest.param(
            [sys.executable, "-m", "mypy", "--strict", "-p", "hconsist"], id="mypy --strict"
        ),
        pytest.param([str(SCRIPTS / "lint-imports")], id="import-linter"),
    ],
)
def test_passes(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- what a loss or a target is, is asked of its forms, facts and structure, not of its class

PACKAGE = ROOT / "hconsist"
HOMES = {"Loss": "losses", "Target": "decisions"}  # where the classes of a kind may be named
FAMILIES = {"Loss", "MarginLoss", "SoftmaxLoss", "ProbabilityLoss", "Target"}

#: Files that still ask for a concrete class, and how often: the list only shrinks.
NOT_YET: dict[str, int] = {}


def _concrete() -> dict[str, set[str]]:
    """Classes and makers of losses and targets, but for the families, by the folder of their home.

    Classes are followed through their bases as the source has them.
    """
    found = {}
    for root, folder in HOMES.items():
        bases: dict[str, set[str]] = {}
        makers = set()
        for path in (PACKAGE / folder).glob("*.py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    bases[node.name] = {ast.unparse(base) for base in node.bases}
                elif isinstance(node, ast.FunctionDef) and node.name[0].isupper():
                    makers.add(node.name)
        kin = {root}
        while grown := {name for name, above in bases.items() if above & kin} - kin:
            kin |= grown
        found[folder] = (kin | makers) - FAMILIES
    return found


def _imported_from_elsewhere(tree: ast.AST) -> set[str]:
    """Names that are imported from elsewhere, and so mean something else here."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and not str(node.module).startswith(("hconsist.losses", "hconsist.decisions"))
        for alias in node.names
    }


def _asked(tree: ast.AST, names: set[str]) -> int:
    """How often a class of these names is asked for: isinstance, a match, or an equality."""
    count = 0
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kinds]):
                asked: list[ast.AST] = [kinds]
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
                calls = [side.func for side in sides if isinstance(side, ast.Call)]
                types = [c for c in calls if isinstance(c, ast.Name) and c.id == "type"]
                asked = [*sides] if types else [*calls]
            case ast.MatchClass(cls=kind):
                asked = [kind]
            case _:
                continue
        words = {
            n.id if isinstance(n, ast.Name) else n.attr
            for part in asked
            for n in ast.walk(part)
            if isinstance(n, ast.Name)
            or (isinstance(n, ast.Attribute) and ast.unparse(n.value) != "sympy")
        }
        count += bool(words & names)
    return count


def test_no_concrete_loss_or_target_is_asked_for_outside_its_folder() -> None:
    concrete = _concrete()
    assert {"CompSum", "GCE", "LDRk"} <= concrete["losses"]
    assert {"ZeroOne", "TopK", "CostMatrix"} <= concrete["decisions"]
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE)
        names = {n for folder, own in concrete.items() if where.parts[0] != folder for n in own}
        tree = ast.parse(path.read_text())
        if count := _asked(tree, names - _imported_from_elsewhere(tree)):
            found[where.as_posix()] = count
    assert {file: n for file, n in found.items() if n > NOT_YET.get(file, 0)} == {}, (
        "ask the forms and facts of the loss, or the structure of the decision"
    )


def test_what_is_counted() -> None:
    names = {"LDRk", "Logistic"}
    for code in (
        "isinstance(loss, LDRk)",
        "isinstance(loss, (int, losses.LDRk))",
        "loss == Logistic()",
        "type(loss) is LDRk",
        "match loss:\n    case LDRk(): pass",
    ):
        assert _asked(ast.parse(code), names) == 1, code
    assert _asked(ast.parse("loss = Logistic(); loss.form(OfSoftmax) is None"), names) == 0


# --- a name says one thing


def test_no_two_classes_share_a_name() -> None:
    homes: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(path.relative_to(PACKAGE).as_posix())
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_no_loss_or_target_is_called_like_what_is_used_of_sympy() -> None:
    used = {
        node.attr
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "sympy"
    }
    assert "Max" in used
    assert {name for names in _concrete().values() for name in names} & used == set()


# --- nothing is imported by a string but what lies in the importer's own folder

#: What registries and lazy commands are for: homes whose modules register themselves, by the file
#: that owns the registry. plots draws bounds and stands above them: it registers itself there.
HOMES_BY_NAME = {"bounds.py": {"hconsist.plots"}}


def test_no_module_reaches_another_by_its_name_in_a_string() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE)
        own = ".".join(["hconsist", *where.parts[:-1]])
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            named = [*node.args, *(k.value for k in node.keywords if k.arg == "package")]
            if not called.endswith(("import_module", "__import__")) and "Registry" not in called:
                continue
            for part in named:
                head = part.values[0] if isinstance(part, ast.JoinedStr) else part
                text = head.value if isinstance(head, ast.Constant) else None
                if not isinstance(text, str) or not text.startswith("hconsist."):
                    continue
                if not (text + ".").startswith(own + ".") and text not in HOMES_BY_NAME.get(
                    where.as_posix(), set()
                ):
                    found.append(f"{where}: {text}")
    assert found == []


# --- no circles: a module knows only what lies below it, inside a package too


def _imports() -> dict[str, set[str]]:
    """Which modules each module imports, wherever in the file, for types too."""
    files = {}
    for path in PACKAGE.rglob("*.py"):
        parts = [p for p in path.relative_to(ROOT).with_suffix("").parts if p != "__init__"]
        files[".".join(parts)] = path
    found: dict[str, set[str]] = {}
    for module, path in files.items():
        found[module] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found[module] |= {alias.name for alias in node.names} & files.keys()
            elif isinstance(node, ast.ImportFrom) and node.module in files:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    found[module].add(inner if inner in files else str(node.module))
        found[module].discard(module)
    return found


def test_there_are_no_circles() -> None:
    imports = _imports()
    assert "hconsist.losses.origin" in imports["hconsist.losses.facts"]
    graphlib.TopologicalSorter(imports).prepare()  # CycleError names the modules


def test_a_circle_is_noticed() -> None:
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()


# --- one idea a file

#: Files above 400 lines, with their lines when listed: the list only shrinks.
LONG_FILES: dict[str, int] = {}


def test_no_file_is_above_four_hundred_lines() -> None:
    lines = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text().splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    above = {file: n for file, n in lines.items() if n > max(400, LONG_FILES.get(file, 0))}
    assert above == {}, "split it: one idea a file"


def test_what_a_package_defines_is_not_replaced_by_a_module_of_that_name() -> None:
    # a module that is imported late takes the place of a function of its package
    replaced = []
    for path in PACKAGE.rglob("__init__.py"):
        modules = {p.stem for p in path.parent.iterdir() if p.suffix == ".py" or p.is_dir()}
        package = ".".join(path.parent.relative_to(ROOT).parts)
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in modules:
                importlib.import_module(f"{package}.{node.name}")
                if inspect.ismodule(getattr(sys.modules[package], node.name)):
                    replaced.append(f"{package}.{node.name}")
    assert replaced == []


#: How often `Any` and `type: ignore` are written in the package, at most: they only shrink.
MOST_ANY, MOST_IGNORED = 140, 58

#: Where `Any` is left, and why.
ANY_FOR = {
    "a value of any arithmetic, by the names Value, Number, AnyArray": (
        "arithmetic", "engines/symbolic/costs", "hull.py", "simulate", "losses", "decisions"
    ),
    "JSON and TOML, whose values have no kind until they are asked, by the names Fields, Row": (
        "checker", "certificates", "exports", "cli", "studies", "theorems", "engines", "explore"
    ),
    "options that are handed on to an engine, a method or a drawing": (
        "bounds.py", "plots", "verify", "selftest"
    ),
    "what scikit-learn reads, and how it is refused": ("sklearn.py",),
}  # fmt: skip


def _anys(path: Path) -> int:
    """How often `Any` is written in a file, but for imports and prose."""
    tree = ast.parse(path.read_text())
    return sum(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(tree))


def test_types_are_given_up_where_it_is_said_and_no_more_often() -> None:
    found = {path.relative_to(PACKAGE).as_posix(): _anys(path) for path in PACKAGE.rglob("*.py")}
    assert sum(found.values()) <= MOST_ANY
    said = tuple(place for places in ANY_FOR.values() for place in places)
    assert {file for file, n in found.items() if n and not file.startswith(said)} == set()
    text = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    assert text.count("# type: ignore") <= MOST_IGNORED
