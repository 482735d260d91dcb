------------------------ MODULE MCTotalOrderBroadcast -----------------------
(* Bounds for TotalOrderBroadcast, and what its assumptions are good for. *)
EXTENDS TotalOrderBroadcast, TLC

CONSTANT Forged     \* how many of the adversary's messages may stand in a queue

(* Messages that stand in a queue are not broadcast again. *)
BroadcastOnce(m) ==
    /\ \A p \in Correct : Count(m, inbox[p]) = 0
    /\ network' = network \cup {m}
    /\ UNCHANGED inbox

(* These bounds concern no step that has to happen, so liveness can be     *)
(* checked under them.                                                     *)
IsForged(m) == m \in Forgery
FewForged(messages) ==
    {batch \in UNION {[1 .. k -> messages] : k \in 1 .. Batch} :
        \A p \in Correct : Len(SelectSeq(inbox[p] \o batch, IsForged)) <= Forged}

-----------------------------------------------------------------------------
(* NECESSITY.  Everybody has an order of his own: TotalOrder is violated. *)
OrderAnyhow(batch) ==
    /\ \A m \in network : IsOnce(m, batch)
    /\ network' = network \ {batch[i] : i \in DOMAIN batch}
    /\ \E place \in [Correct -> BOOLEAN] :
        inbox' = [p \in Correct |-> IF place[p] THEN inbox[p] \o batch ELSE batch \o inbox[p]]

(* The sender of a message can be forged: Authenticity is violated. *)
NextForged == Next \/ \E m \in Message : Order(<<m>>)
SpecForged == Init /\ [][NextForged]_vars

(* A broadcast message may get two places: Authenticity is violated. *)
Always(m, batch) == TRUE

(* The network is not fair: EachOrdered is violated under Spec. *)
-----------------------------------------------------------------------------
(* WITNESS.  One process is two messages behind another one. *)
NoLaggard == \A p, q \in Correct : Len(inbox[p]) < Len(inbox[q]) + 2
=============================================================================
