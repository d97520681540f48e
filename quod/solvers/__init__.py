"""Formulations, their language and expansion, solvers in killable children, exact proofs, diagnosis, drafters."""
