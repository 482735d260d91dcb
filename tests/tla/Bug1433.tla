------------------------------- MODULE Bug1433 -------------------------------
(* tlaplus #1433: the elements of an interval are counted past its end where that is the greatest *)
(* number that TLC has, 2147483647, for the next one is taken as the least.                       *)
EXTENDS Integers

VARIABLE x

Greatest == 2147483647
ASSUME (Greatest .. Greatest) \subseteq {Greatest}

Spec == x = 0 /\ [][UNCHANGED x]_x
==============================================================================
