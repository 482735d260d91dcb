------------------------------- MODULE Endless -------------------------------
(* Never done, and prints all the time: to be stopped, killed and flooded by. *)
EXTENDS Naturals, TLC

VARIABLE x

Init == x = 0
Next == x' = x + 1 /\ PrintT(<<"a line to print", x>>)
==============================================================================
