----------------------------- MODULE MCStreamlet -----------------------------
(* Bounds for Streamlet. *)
EXTENDS Streamlet, TLC

CONSTANTS CorrectEpochs,    \* the epochs whose leader is a correct process
          Choice            \* what blocks may carry: "own", "few" or "all"

(* Where the leader is Byzantine, all is allowed that another one allows. *)
Leaders == [e \in 1 .. Epochs |->
    IF e \in CorrectEpochs THEN CHOOSE p \in Correct : TRUE ELSE CHOOSE b \in Byzantine : TRUE]

(* "own": one payload for each epoch; what is left is the shape of chains. *)
(* "few": the first epoch has the Byzantine messages, the others those of  *)
(* correct processes, or none in the second.                               *)
ChosenPayloads(e) ==
    CASE Choice = "own" -> {<<e>>}
      [] Choice = "few" -> IF e = 1 THEN {<<x>> : x \in Forgery}
                           ELSE {<<m>> : m \in pool} \cup (IF e = 2 THEN {<< >>} ELSE {})
      [] Choice = "all" -> {<< >>} \cup {<<m>> : m \in pool \cup Forgery}

(* With Byzantine leaders only and no message of a correct process the     *)
(* actions Broadcast and Propose are never enabled: they are left out.     *)
Equivocation == Init /\ [][\E p \in Correct : Vote(p) \/ Deliver(p)]_vars

(* Only votes.  A delivery changes no vote and forbids some, and what can  *)
(* ever be delivered is in Finalized: the safety of votes and of Finalized *)
(* without deliveries is safety with them.                                 *)
VotesOnly == Init /\ [][\E p \in Correct : Vote(p)]_vars

Followers == Correct \ {Leader[e] : e \in 1 .. Epochs}
Symmetric == Permutations(Followers)
=============================================================================
