"""z3 as a prover of claims, without any lemma."""

from __future__ import annotations

from hconsist.checker.reading import Fields
from hconsist.errors import EngineCannotAnswerError
from hconsist.exports.smt import smt_script
from hconsist.exports.smt_products import linear_script


def prove_with_z3(statement: Fields, seconds: float = 30.0) -> bool:
    """Whether z3 finds the negation of the claim unsatisfiable; False says nothing about the claim.

    Losses affine in the softmax value are tried as a linear script first (`linear_script`): it
    shows T >= b/n of the mean absolute error in 0.05 seconds for ten labels. What it does not
    show, the exact T among it, is tried as `smt_script` has it: expect an answer for six labels at
    most; a certificate is the way.

    Parameters
    ----------
    statement : dict
        The ``statement`` of a certificate.
    seconds : float
        Time limit.

    Raises
    ------
    EngineCannotAnswerError
        When z3 is not installed (extra ``smt``), or `smt_script` has no form for the loss.
    """
    script = smt_script(statement)
    try:
        import z3
    except ImportError as problem:
        raise EngineCannotAnswerError(
            "smt", "z3 is not installed: pip install hconsist[smt]", "rigorous"
        ) from problem
    scripts = [(z3.SolverFor("QF_LRA"), linear_script(statement)), (z3.Solver(), script)]
    for solver, text in scripts:
        if text is not None:
            solver.set("timeout", int(1000 * seconds))
            solver.from_string(text)
            if solver.check() == z3.unsat:
                return True
    return False
