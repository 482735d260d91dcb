---------------------------- MODULE MCTobWitness ----------------------------
(***************************************************************************)
(* What TobLearning can come to, so that nothing is shown of an empty set  *)
(* of behaviours: each invariant here says that something cannot happen,   *)
(* and TLC finds how it does.                                              *)
(***************************************************************************)
EXTENDS MCTobLearning

(* A liar is caught. *)
NoBan == \A p \in Correct : learner[p].banned = << >>

(* An over-claim costs nobody anything: it is accepted, and yet the next   *)
(* model is decided with one evaluation and no ban.                        *)
IsOverclaim(offer) == offer.claim > loss[Offered(offer)]
NoFreeOverclaim == \A p \in Correct :
    inbox[p] # << >> =>
        LET before == learner[p]
            after == Receive(before, Head(inbox[p]), loss)
        IN  ~ /\ \E i \in DOMAIN before.accepted : IsOverclaim(before.accepted[i])
              /\ Decisions(after.decided) = Decisions(before.decided) + 1
              /\ after.evaluations = before.evaluations + 1
              /\ after.banned = << >>

(* A Byzantine process wins a generation, with an offer that is true. *)
NoByzantineWinner == \A p \in Correct : \A i \in 2 .. Len(Decided[p]) :
    \A t \in Last(Decided[p][i]) : t.proposer \in Correct

(* The blend of several offers is decided. *)
NoBlend == \A p \in Correct : \A i \in 2 .. Len(Decided[p]) :
    Cardinality(Last(Decided[p][i])) = 1

(* The blend of several offers is evaluated and is no better than the best *)
(* of them, which is decided.                                              *)
NoFloor == \A p \in Correct : \A i \in 2 .. Len(Decided[p]) :
    Cardinality(Last(Decided[p][i])) > 1 \/ ~ \E m \in DOMAIN loss :
        Cardinality(Last(m)) > 1

(* Of several draws their recombination is offered, for it is better. *)
NoRecombination == \A offer \in network : offer.ticket.weights \in Singles
=============================================================================
