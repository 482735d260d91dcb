------------------------------- MODULE Counter -------------------------------
(* Counters that advance to Limit and start again: every verdict of TLC is within reach. *)
EXTENDS Integers, TLC

CONSTANTS Limit, Proc

ASSUME Limit \in Nat

VARIABLES
    count,  \* count[p]: how far p has counted
    turns   \* the steps since the last reset

vars == <<count, turns>>

Init ==
    /\ count = [p \in Proc |-> 0]
    /\ turns = 0

Advance(p) ==
    /\ count[p] < Limit
    /\ count' = [count EXCEPT ![p] = @ + 1]
    /\ turns' = turns + 1

Reset ==
    /\ \A p \in Proc : count[p] = Limit
    /\ count' = [p \in Proc |-> 0]
    /\ turns' = 0

Never ==
    /\ turns < 0
    /\ UNCHANGED vars

Forward == \E p \in Proc : Advance(p)
Next == Forward \/ Reset

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ WF_vars(Next)
DeadlockSpec == Init /\ [][Forward]_vars
DeadActionSpec == Init /\ [][Next \/ Never]_vars

Negative == -1

InRange == \A p \in Proc : count[p] \in 0 .. Limit
Below == turns < 3
Started == turns > 0
AlwaysForward == [][turns' > turns]_vars
Refinement == turns = 0 /\ [][turns' = turns + 1]_turns
Repeats == []<>(turns = 0)
Settles == <>[](turns = 0)
Symmetric == Permutations(Proc)
Overflow == turns + 2147483647 > 0
==============================================================================
