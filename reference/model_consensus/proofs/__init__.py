"""Unbounded proofs with z3: inductive invariants, discharged one verification condition at a time.

`kit` is the method, `counting` the cardinalities, `evaluate` and `counterexample` tie formulas to
concrete states; the other modules are the theories, each of them a list of conditions.
"""
