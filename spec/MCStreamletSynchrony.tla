------------------------ MODULE MCStreamletSynchrony ------------------------
(***************************************************************************)
(* Liveness of Streamlet once the network is synchronous.                  *)
(*                                                                         *)
(* The paper's lemma: of five epochs in a row with correct leaders, when   *)
(* messages arrive in time, a block is finalized.  Here the first          *)
(* `Asynchronous' epochs have Byzantine leaders and any delays; in those   *)
(* after them leaders are correct and messages between correct processes   *)
(* arrive within half an epoch.  Then                                      *)
(*   - a correct process votes for the leader's block of the epoch, unless *)
(*     it has seen a longer notarized chain than the block stands on;      *)
(*   - what one correct process has seen in an epoch, all have seen when   *)
(*     the next one begins, and the votes of correct processes too.        *)
(* The adversary still shows its votes to whom it likes when it likes: it  *)
(* can show the leader any notarized chain, and any other process a longer *)
(* one before its vote, be it the block itself, which the votes of others  *)
(* have notarized.  A synchronous epoch is one step.                       *)
(*                                                                         *)
(* Only the length of what a process has seen matters: that is its lock.   *)
(*                                                                         *)
(* A message that a correct process has broadcast waits at all leaders.  A *)
(* correct leader proposes the oldest waiting message that is not in the   *)
(* chain yet, so the message is final with the first block of a correct    *)
(* leader.  (One message waits here.  If several do, each has its turn.)   *)
(***************************************************************************)
EXTENDS Streamlet, TLC

CONSTANT Asynchronous       \* how many epochs are asynchronous

VARIABLE epoch

allVars == <<vars, epoch>>

(* Byzantine leaders, then correct ones by turns. *)
InTurn == CHOOSE s \in [1 .. N - F -> Correct] : \A i, j \in DOMAIN s : s[i] = s[j] => i = j
Leaders == [e \in 1 .. Epochs |->
    IF e <= Asynchronous THEN CHOOSE b \in Byzantine : TRUE ELSE InTurn[(e % (N - F)) + 1]]
NoPayload(e) == {<< >>}
OldestWaiting(parent) ==
    IF \E m \in pool : IsFresh(parent, <<m>>)
    THEN <<CHOOSE m \in pool : IsFresh(parent, <<m>>)>> ELSE << >>
Now(p, e) == e = epoch /\ \A b \in votes[p] : Epoch(b) # e

(* Blocks that all correct processes come to see notarized: those with a   *)
(* quorum of correct votes, and those that one of them has built on.       *)
Voted == UNION {votes[p] : p \in Correct}
Shown == {b \in Voted : \/ IsQuorum(Cardinality({p \in Correct : b \in votes[p]}))
                        \/ \E c \in Voted : IsPrefix(b, Parent(c))}

AsynchronousVote(p) == epoch <= Asynchronous /\ Vote(p) /\ UNCHANGED epoch

AsynchronousEnd == /\ epoch <= Asynchronous
                   /\ epoch' = epoch + 1
                   /\ UNCHANGED vars

(* The leader proposes on `parent'; `voters' vote and the others refuse.   *)
(* At the end everybody has seen a chain of the length `seen'.             *)
SynchronousEpoch ==
    /\ Asynchronous < epoch /\ epoch <= Epochs
    /\ \E parent \in Notarized, voters \in SUBSET Correct :
        /\ Leader[epoch] \in voters
        /\ \A p \in voters : lock[p] <= Len(parent)
        /\ votes' = [p \in Correct |-> votes[p] \cup
                        IF p \in voters THEN {Extend(parent, epoch, OldestWaiting(parent))} ELSE {}]
        /\ \E lengths \in {{Len(b) : b \in Notarized'}}, shown \in {{Len(b) : b \in Shown'}} :
            /\ \A p \in Correct \ voters : \E l \in lengths \cup {lock[p]} : l > Len(parent)
            /\ \E seen \in lengths :
                /\ \A p \in Correct : lock[p] <= seen
                /\ \A l \in shown : l <= seen
                /\ voters # Correct => Len(parent) < seen
                /\ lock' = [p \in Correct |-> seen]
    /\ epoch' = epoch + 1
    /\ UNCHANGED <<pool, log>>

LiveInit == /\ pool = Message
            /\ votes = [p \in Correct |-> {}]
            /\ lock = [p \in Correct |-> 0]
            /\ log = [p \in Correct |-> Genesis]
            /\ epoch = 1
LiveNext == \/ \E p \in Correct : AsynchronousVote(p)
            \/ AsynchronousEnd
            \/ SynchronousEpoch
LiveSpec == LiveInit /\ [][LiveNext]_allVars
FairSpec == LiveSpec /\ WF_allVars(AsynchronousEnd) /\ WF_allVars(SynchronousEpoch)

(* A block of a correct leader is final for all: whichever longest chain b *)
(* it is that they have seen.                                              *)
FinalFor(b) == {Parent(c) : c \in {d \in Shown : IsConsecutive(d)}
                            \cup {d \in Voted : IsPrefix(d, b) /\ IsConsecutive(d)}}
HaveSeen(b) == \A p \in Correct : lock[p] = Len(b)
NewBlockFinal ==
    /\ epoch > Asynchronous + 1
    /\ \A b \in Notarized : HaveSeen(b) => \E c \in FinalFor(b) : Epoch(c) > Asynchronous
Lemma == epoch > Epochs => NewBlockFinal
Progress == <>NewBlockFinal

(* What a correct process has broadcast is ordered. *)
EachIsOrdered == epoch > Epochs =>
    \A b \in Notarized : HaveSeen(b) =>
        \E c \in FinalFor(b) : pool \subseteq Ordered(Messages(c))
-----------------------------------------------------------------------------
(* NECESSITY.  For OldestWaiting: correct leaders propose nothing, though  *)
(* messages wait.  EachIsOrdered is violated.                              *)
Nothing(parent) == << >>
=============================================================================
