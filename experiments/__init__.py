"""How well the learners learn while some processes attack, beside evolution strategies.

``python -m experiments --help`` says what it can do; docs/experiments.md says what came out.
"""
