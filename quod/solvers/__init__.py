"""Formulations, their language and expansion, killable solvers, exact proofs, diagnosis, drafters."""
