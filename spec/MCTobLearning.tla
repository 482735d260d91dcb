---------------------------- MODULE MCTobLearning ---------------------------
(* Bounds for TobLearning in the direct formulation. *)
EXTENDS TobLearning, TLC

CONSTANT Forged     \* how many Byzantine offers may be under way at once

IsForged(o) == o.sender \in Byzantine
FewForged == \A p \in Correct : Len(SelectSeq(inbox[p], IsForged)) <= Forged

(* On each model that may be or become somebody's parent: every legal      *)
(* offer, and each kind of illegal ones.                                   *)
FewForgeries ==
    LET On(parent, b) ==
            LET Make(p, j, c) == MakeOffer(b, parent, Ticket(Generation(parent) + 1, p, j), c)
            IN  {Make(b, j, c) : j \in 0 .. Draws - 1, c \in Losses}
                    \cup {Make(b, Draws, 0)} \cup {Make(p, 0, 0) : p \in Proc}
        Parents == {m \in DOMAIN loss \cup {Genesis} : Generation(m) < Generations}
    IN  UNION {On(parent, b) : parent \in Parents, b \in Byzantine}

Symmetric == Permutations(Correct) \cup Permutations(Byzantine)
=============================================================================
