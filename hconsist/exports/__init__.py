"""Certificates and claims for other provers: SMT-LIB scripts for z3, theorems of Coq."""

from hconsist.exports.compile import compile_script
from hconsist.exports.coq import coq_script
from hconsist.exports.smt import smt_script
from hconsist.exports.smt_prove import prove_with_z3

__all__ = ["compile_script", "coq_script", "prove_with_z3", "smt_script"]
