---------------------------- MODULE MCTobLearning ---------------------------
(* Bounds for TobLearning in the direct formulation. *)
EXTENDS TobLearning, TLC

CONSTANT Forged     \* how many Byzantine offers may be under way at once

IsForged(offer) == offer.sender \in Byzantine
FewerForged(n) == \A p \in Correct : Len(SelectSeq(inbox[p], IsForged)) < n
FewForged == FewerForged(Forged + 1)

(* While fewer are under way: on each model drawn, which may be or become  *)
(* somebody's parent, every legal offer; on each current model also every  *)
(* kind of illegal ones.  This bounds the adversary alone, so liveness can *)
(* be checked under it.                                                    *)
FewForgeries ==
    LET On(b, parent, p, j, c) == MakeOffer(b, parent, Ticket(Generation(parent) + 1, p, j), c)
        IsParent(m) == Generation(m) < Generations
        Drawn == {m \in DOMAIN loss \cup {Genesis} : IsParent(m)}
        Current == {m \in {Parent(learner[p]) : p \in Correct} : IsParent(m)}
    IN  IF ~FewerForged(Forged) THEN {} ELSE
        {On(b, parent, b, j, c) :
            b \in Byzantine, parent \in Drawn, j \in 0 .. Draws - 1, c \in Losses}
        \cup {On(b, parent, b, Draws, 0) : b \in Byzantine, parent \in Current}
        \cup {On(b, parent, p, 0, 0) : b \in Byzantine, parent \in Current, p \in Proc}

Symmetric == Permutations(Correct)
=============================================================================
