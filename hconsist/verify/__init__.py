"""Engines against theorems: each statement gets a verdict, with the evidence of every engine that
could speak.

An engine's check of one instance of a statement has one of three outcomes: it *confirms* the
statement, *contradicts* it, or leaves it *undecided* (no method, or balls that overlap). A proof
outranks an estimate: the numeric engine alone never contradicts nor confirms an equality beyond its
stated tolerance, and the report says which engine said what.
"""

from hconsist.verify.claims import claims
from hconsist.verify.evidence import Check, Verification, describe
from hconsist.verify.run import verify, verify_all
from hconsist.verify.table import markdown_table

__all__ = ["Check", "Verification", "claims", "describe", "markdown_table", "verify", "verify_all"]
