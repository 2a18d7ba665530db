"""Every mutation, part by part, and the tests that stand guard over a part."""

from __future__ import annotations

from tests.soundness.mutations import (
    checker,
    consistency,
    invariance,
    many_labels,
    proving,
    ranked,
    rigorous,
    second,
    symbolic,
)
from tests.soundness.mutations.mutant import Mutant

#: Which tests are asked about a part, each in the order of its cost.
GUARDS: dict[str, tuple[str, ...]] = {
    "proving": (
        "tests/soundness/test_signs.py", "tests/soundness/test_recognised.py",
        "tests/test_facts_normal.py", "tests/test_facts.py", "tests/soundness/test_enclosures.py",
    ),
    "rigorous": (
        "tests/soundness/test_kinks_in_balls.py", "tests/soundness/test_rigorous_conditions.py",
        "tests/soundness/test_enclosures.py", "tests/soundness/test_candidates.py",
        "tests/test_rigorous_costs.py", "tests/test_rigorous.py", "tests/test_gap_liars.py",
    ),
    "many labels": (
        "tests/soundness/test_many_labels.py", "tests/soundness/test_affine_responses.py",
        "tests/test_rigorous_masses.py",
        "tests/test_rigorous_closed.py", "tests/test_rigorous_responses.py",
    ),
    "ranked": (
        "tests/soundness/test_ranked_conditions.py", "tests/soundness/test_ends_not_reached.py",
        "tests/test_rigorous_ranked.py",
    ),
    "invariance": (
        "tests/soundness/test_invariance.py", "tests/soundness/test_irrational_cases.py",
        "tests/soundness/test_ends_not_reached.py",
    ),
    "checker": (
        "tests/soundness/test_checker_conditions.py", "tests/soundness/test_rule_conditions.py",
        "tests/test_kernel_forgeries.py",
        "tests/test_kernel_limits.py", "tests/test_kernel_gamma.py", "tests/test_kernel_plugin.py",
        "tests/test_kernel_directed.py", "tests/test_kernel_typed.py", "tests/test_checker.py",
        "tests/test_kernel_wide.py",
    ),
    "second": (
        "tests/soundness/test_second_signs.py", "tests/soundness/test_rule_conditions.py",
        "tests/soundness/test_false_files.py", "tests/test_kernel_wide.py",
        "tests/test_second_checker.py",
    ),
    "consistency": (
        "tests/soundness/test_consistency_conditions.py", "tests/test_consistency_liars.py",
        "tests/test_consistency.py",
    ),
    "symbolic": (
        "tests/soundness/test_signs.py", "tests/soundness/test_symbolic_conditions.py",
        "tests/soundness/test_symbolic_shapes.py",
        "tests/test_symbolic_refusals.py",
        "tests/test_symbolic_margin.py",
        "tests/test_symbolic_liars.py", "tests/test_symbolic.py", "tests/test_symbolic_costs.py",
        "tests/test_symbolic_multiclass.py", "tests/test_symbolic_liars_many.py",
    ),
}  # fmt: skip
#: The mutations of each part.
PARTS: dict[str, list[Mutant]] = {
    "proving": proving.MUTANTS,
    "rigorous": rigorous.MUTANTS,
    "many labels": many_labels.MUTANTS,
    "ranked": ranked.MUTANTS,
    "invariance": invariance.MUTANTS,
    "checker": checker.MUTANTS,
    "second": second.MUTANTS,
    "consistency": consistency.MUTANTS,
    "symbolic": symbolic.MUTANTS,
}
