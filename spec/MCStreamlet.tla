----------------------------- MODULE MCStreamlet -----------------------------
(* Bounds for Streamlet. *)
EXTENDS Streamlet, TLC

(* Every leader is Byzantine: this allows all that another choice allows.  *)
ByzantineLeaders == [e \in 1 .. Epochs |-> CHOOSE b \in Byzantine : TRUE]

(* A correct process leads the second epoch. *)
OneCorrectLeader == [ByzantineLeaders EXCEPT ![2] = CHOOSE p \in Correct : TRUE]

(* One payload for each epoch: what is left is the shape of the chains.    *)
OwnPayload(e) == {<<e>>}
OwnForgeries == 1 .. Epochs

(* Little to choose: the first block carries a Byzantine message, those of *)
(* the second epoch, with a correct leader, a correct process's message or *)
(* none, and those of a later one such a message.                          *)
FewPayloads(e) == IF e = 1 THEN {<<x>> : x \in Forgery}
                  ELSE {<<m>> : m \in pool} \cup (IF e = 2 THEN {<< >>} ELSE {})

(* With Byzantine leaders only and no message of a correct process the     *)
(* actions Broadcast and Propose are never enabled: they are left out.     *)
Equivocation == Init /\ [][\E p \in Correct : Vote(p) \/ Deliver(p)]_vars

(* Only votes.  A delivery changes no vote and forbids some, and what can  *)
(* ever be delivered is in Finalized: the safety of votes and of Finalized *)
(* without deliveries is safety with them.                                 *)
VotesOnly == Init /\ [][\E p \in Correct : Vote(p)]_vars

Symmetric == Permutations(Correct \ {Leader[e] : e \in 1 .. Epochs}) \cup Permutations(Byzantine)
=============================================================================
