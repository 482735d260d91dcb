------------------------------- MODULE Bug1407 -------------------------------
(* tlaplus #1407: two sets of functions are compared by their domains and codomains, though with *)
(* an empty domain both have one element, and with an empty codomain none.                       *)
EXTENDS Naturals

VARIABLE x

ASSUME [{} -> {1}] = [{} -> {2}]
ASSUME [{1} -> {}] = [{2} -> {}]

Spec == x = 0 /\ [][UNCHANGED x]_x
==============================================================================
