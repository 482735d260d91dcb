"""Unbounded proofs with z3: inductive invariants, discharged one verification condition at a time.

`induction` is the method, `counting` the cardinalities, `search` what the theories have in common;
`evaluate` and `counterexample` relate formulas to concrete states.  `theories` lists the theories,
each of them a list of conditions.
"""
