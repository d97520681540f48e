"""Drafters: whatever turns the words of a problem into a formulation; `base` says how to add one."""
