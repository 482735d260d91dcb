------------------------------- MODULE Bug1145 -------------------------------
(* tlaplus #1145: a function made by a constructor, and changed by EXCEPT, is taken as it was   *)
(* before the change where an operator of Sequences makes a tuple of it.                         *)
EXTENDS Naturals, Sequences

VARIABLE x

Second(sequence) == SubSeq(sequence, 2, 2)
ASSUME Second([[i \in 1 .. 4 |-> 0] EXCEPT ![2] = 1])[1] = 1

Spec == x = 0 /\ [][UNCHANGED x]_x
==============================================================================
