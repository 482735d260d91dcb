---------------------------- MODULE MCTobLearning ---------------------------
(* Bounds for TobLearning in the direct formulation. *)
EXTENDS TobLearning, TLC

CONSTANT Forged     \* how many Byzantine offers may be under way at once

IsForged(offer) == offer.sender \in Byzantine
FewerForged(n) == \A p \in Correct : Len(SelectSeq(inbox[p], IsForged)) < n
FewForged == FewerForged(Forged + 1)

(* Weights that are not legal: of one draw twice, of several too much. *)
TooLarge == [j \in 1 .. Draws |-> Largest + 1]

(* While fewer are under way: on each model drawn, which may be or become  *)
(* somebody's parent, every legal offer; on each current model also every  *)
(* kind of illegal ones.  This bounds the adversary alone, so liveness can *)
(* be checked under it.                                                    *)
FewForgeries ==
    LET On(b, parent, p, w, c) == MakeOffer(b, parent, Ticket(Generation(parent) + 1, p, w), c)
        IsParent(m) == Generation(m) < Generations
        Known == {m \in DOMAIN loss \cup {Genesis} : IsParent(m)}
        Current == {m \in {Parent(learner[p]) : p \in Correct} : IsParent(m)}
    IN  IF ~FewerForged(Forged) THEN {} ELSE
        {On(b, parent, b, w, c) : b \in Byzantine, parent \in Known, w \in Weights, c \in Losses}
        \cup {On(b, parent, b, TooLarge, 0) : b \in Byzantine, parent \in Current}
        \cup {On(b, parent, p, Single(1), 0) : b \in Byzantine, parent \in Current, p \in Proc}

Symmetric == Permutations(Correct)
=============================================================================
