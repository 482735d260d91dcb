---------------------------- MODULE MCTobLearning ---------------------------
(* Bounds for TobLearning in the direct formulation. *)
EXTENDS TobLearning, TLC

CONSTANT Forged     \* how many Byzantine offers may be under way at once

IsForged(o) == o.sender \in Byzantine
FewForged == \A p \in Correct : Len(SelectSeq(inbox[p], IsForged)) <= Forged

(* On each decided model: every legal offer, and each kind of illegal ones. *)
FewForgeries ==
    LET On(parent, b) ==
            LET Make(p, j, c) == [sender |-> b, parent |-> parent, claim |-> c,
                                  ticket |-> Ticket(Generation(parent) + 1, p, j)]
            IN  {Make(b, j, c) : j \in 0 .. Draws - 1, c \in Losses}
                    \cup {Make(b, Draws, 0)} \cup {Make(p, 0, 0) : p \in Proc}
        Parents == UNION {Range(learner[p].decided) : p \in Correct}
    IN  UNION {On(parent, b) : parent \in {m \in Parents : Generation(m) < Generations},
                               b \in Byzantine}

Symmetric == Permutations(Correct) \cup Permutations(Byzantine)
=============================================================================
