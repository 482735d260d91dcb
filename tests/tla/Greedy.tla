-------------------------------- MODULE Greedy -------------------------------
(* One value that needs more memory than a test allows. *)
EXTENDS Naturals

VARIABLE x

Init == x = 0
Next == x' = [i \in 1 .. 50000000 |-> i]
==============================================================================
