------------------------ MODULE MCStreamletNecessity ------------------------
(***************************************************************************)
(* Each assumption of Streamlet dropped: the named property must be        *)
(* violated.  MCStreamlet_three.cfg needs no operator: with three          *)
(* processes, one of them Byzantine, Consistency is violated.              *)
(***************************************************************************)
EXTENDS MCStreamlet

(* To find a counterexample sooner: a block needs two correct votes. *)
EnoughVotes == \A b \in UNION {votes[p] : p \in Correct} :
    Cardinality({p \in Correct : b \in votes[p]}) <= 2

(* A process that forgot its vote, perhaps by a crash before the vote was  *)
(* stored, votes again in the epoch.  Consistency is violated.             *)
TwoPayloads(e) == {<<x>> : x \in Forgery}
VoteTwice(p, e) == \A b \in votes[p] : Epoch(b) <= e

(* A process votes in an epoch that is over.  NoRival is violated; so is   *)
(* Consistency.                                                            *)
VoteLate(p, e) == \A b \in votes[p] : Epoch(b) # e

(* A process votes on a notarized chain that is not longest (one that      *)
(* forgot its lock does).  NoRival is violated; so is Consistency.         *)
AnyNotarized(p, parent) == TRUE

(* Two blocks of consecutive epochs finalize the first of them.  NoRival   *)
(* is violated; so is Consistency.                                         *)
TwoConsecutive(b) == Len(b) >= 1 /\ Epoch(Parent(b)) = Epoch(b) - 1

(* Three notarized blocks in a row finalize, of consecutive epochs or not. *)
(* Consistency is violated.                                                *)
AnyThree(b) == Len(b) >= 2

(* Half of the processes notarize.  OneNotarized is violated; so is        *)
(* Consistency.                                                            *)
HalfQuorum(n) == 2 * n >= N

(* A message may come twice in a chain.  RefinesTotalOrderBroadcast is     *)
(* violated.                                                               *)
MayRepeat(parent, payload) == TRUE

OnePayload(e) == {<<m>> : m \in pool}

(* A leader makes up a correct process's message.                          *)
(* RefinesTotalOrderBroadcast is violated.                                 *)
MadeUp(e) == {<< >>} \cup {<<m>> : m \in Message}
=============================================================================
