------------------------------ MODULE Streamlet ------------------------------
(***************************************************************************)
(* Streamlet (B. Chan, E. Shi, "Streamlet: Textbook Streamlined            *)
(* Blockchains", 2020), which implements Total Order Broadcast when more   *)
(* than two thirds of the processes are correct and the network is         *)
(* partially synchronous.                                                  *)
(*                                                                         *)
(* Time goes by in epochs.  Each has a leader, which proposes one block on *)
(* a longest notarized chain that it has seen.  A process votes at most    *)
(* once in an epoch: for a block of its leader, on a longest notarized     *)
(* chain that the process has seen.  Two thirds of all processes notarize  *)
(* a block with their votes.  Three blocks of consecutive epochs in a row, *)
(* all notarized, finalize the second of them and all before it.           *)
(*                                                                         *)
(* What is not in the state:                                               *)
(*   - messages.  A vote is visible to whoever is to see it: a process     *)
(*     acts on any part of what has been sent, so delay, loss, reordering  *)
(*     and partitions are all there.                                       *)
(*   - what a process has seen but not acted on.  It learns as late as     *)
(*     possible, which binds it the least: `lock' is the longest notarized *)
(*     chain that it must have seen for what it did.                       *)
(*   - Byzantine votes.  The adversary can cast each vote at any time, and *)
(*     show it to whom it likes: so each block has them all.               *)
(*   - blocks of Byzantine leaders.  Such a leader can propose any block,  *)
(*     several in an epoch: so all are there to be voted for.              *)
(*   - crashes.  A process that restarts from its votes, its lock and its  *)
(*     log has only been slow.                                             *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, Evaluation

CONSTANTS Proc,         \* the processes
          Byzantine,    \* those that the adversary controls, a subset of Proc
          Epochs,       \* the number of epochs, from 1
          Leader,       \* Leader[e]: the leader of epoch e
          Message,      \* all that correct processes can broadcast
          Forgery       \* all that the adversary can broadcast in its own name

VARIABLES pool,         \* the messages that correct processes have broadcast
          votes,        \* votes[p]: the blocks that p has voted for
          lock,         \* lock[p]: the length of the longest notarized chain p acted on
          log           \* log[p]: the chain that p has finalized and delivered

vars == <<pool, votes, lock, log>>

Correct == Proc \ Byzantine
F == Cardinality(Byzantine)
N == Cardinality(Proc)

(* What the theorems ask of the number of processes.  Never assumed. *)
MoreThanTwoThirdsCorrect == N > 3 * F
-----------------------------------------------------------------------------
(* BLOCKS.  A block is named by its chain: the sequence of the epochs and  *)
(* payloads from the first block to this one.  A payload is one message or *)
(* none: a sequence of length at most one.  The genesis block has epoch 0. *)

Genesis == << >>
Parent(b) == SubSeq(b, 1, Len(b) - 1)
Epoch(b) == IF b = Genesis THEN 0 ELSE b[Len(b)].epoch
Extend(parent, e, payload) == Append(parent, [epoch |-> e, payload |-> payload])

IsPrefix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, 1, Len(s))
AreCompatible(s, t) == IsPrefix(s, t) \/ IsPrefix(t, s)

(* The messages of a chain, in order. *)
Messages(chain) ==
    LET full == SelectSeq(chain, LAMBDA link : link.payload # << >>)
    IN  [i \in 1 .. Len(full) |-> full[i].payload[1]]
-----------------------------------------------------------------------------
(* NOTARIZED AND FINALIZED.  Enough votes of distinct processes notarize a *)
(* block, and every Byzantine process votes for every block.               *)
IsQuorum(n) == 3 * n >= 2 * N
IsNotarized(b) == \/ b = Genesis
                  \/ IsQuorum(F + Cardinality({p \in Correct : b \in votes[p]}))
Notarized == {b \in {Genesis} \cup UNION {votes[p] : p \in Correct} : IsNotarized(b)}

(* Three blocks in a row of consecutive epochs, b the last of them: they   *)
(* finalize its parent.  The genesis block may be the first of them.       *)
IsConsecutive(b) == /\ Len(b) >= 2
                    /\ Epoch(Parent(b)) = Epoch(b) - 1
                    /\ Epoch(Parent(Parent(b))) = Epoch(b) - 2
Finalizing == {b \in Notarized : IsConsecutive(b)}
Finalized == {Genesis} \cup {Parent(b) : b \in Finalizing}
-----------------------------------------------------------------------------
Init == /\ pool = {}
        /\ votes = [p \in Correct |-> {}]
        /\ lock = [p \in Correct |-> 0]
        /\ log = [p \in Correct |-> Genesis]

(* A correct process broadcasts m: leaders may put it into blocks. *)
Broadcast(m) ==
    /\ m \notin pool
    /\ pool' = pool \cup {m}
    /\ UNCHANGED <<votes, lock, log>>

(* What a block may carry: nobody can make up a correct process's message. *)
Payloads(e) == {<< >>} \cup {<<m>> : m \in pool \cup Forgery}

Max(a, b) == IF a >= b THEN a ELSE b

(* p, which has not voted in epoch e or a later one, votes for the block   *)
(* of e with this payload on this parent.  The chain up to the parent is   *)
(* notarized and not shorter than another that p has seen.  No message     *)
(* comes twice in a chain.                                                 *)
IsNew(p, e) == \A b \in votes[p] : Epoch(b) < e
IsLongest(p, parent) == Len(parent) >= lock[p]
IsFresh(parent, payload) == payload = << >> \/ \A i \in DOMAIN parent : parent[i].payload # payload
Cast(p, parent, e, payload) ==
    /\ Epoch(parent) < e
    /\ IsLongest(p, parent)
    /\ IsFresh(parent, payload)
    /\ votes' = [votes EXCEPT ![p] = @ \cup {Extend(parent, e, payload)}]
    /\ lock' = [lock EXCEPT ![p] = Max(@, Len(parent))]
    /\ UNCHANGED <<pool, log>>

LeaderOf(e) == Leader[e]

(* A correct leader proposes its block: that is its vote.  (Safety does    *)
(* not depend on the payload; that each message has its turn needs leaders *)
(* who propose what has waited longest: MCStreamletSynchrony.)             *)
Propose(p) == \E e \in {i \in 1 .. Epochs : p = LeaderOf(i) /\ IsNew(p, i)} :
    \E parent \in Notarized, payload \in Payloads(e) : Cast(p, parent, e, payload)

(* p votes for a block of another leader.  A correct leader has one only,  *)
(* a Byzantine one has every block.                                        *)
Vote(p) == \E e \in {i \in 1 .. Epochs : p # LeaderOf(i) /\ IsNew(p, i)} :
    \E parent \in Notarized, payload \in Payloads(e) :
        /\ LeaderOf(e) \in Correct => Extend(parent, e, payload) \in votes[LeaderOf(e)]
        /\ Cast(p, parent, e, payload)

(* p sees three notarized blocks in a row, and delivers the next block of  *)
(* the chain that they finalize.                                           *)
Deliver(p) == \E b \in Finalizing :
    /\ IsPrefix(log[p], Parent(b))
    /\ log[p] # Parent(b)
    /\ log' = [log EXCEPT ![p] = SubSeq(b, 1, Len(@) + 1)]
    /\ lock' = [lock EXCEPT ![p] = Max(@, Len(b))]
    /\ UNCHANGED <<pool, votes>>

Next == \/ \E m \in Message : Broadcast(m)
        \/ \E p \in Correct : Propose(p)
        \/ \E p \in Correct : Vote(p)
        \/ \E p \in Correct : Deliver(p)

Spec == Init /\ [][Next]_vars
-----------------------------------------------------------------------------
IsBlock(b) ==
    /\ \A i \in DOMAIN b : b[i].epoch \in 1 .. Epochs /\ Len(b[i].payload) <= 1
    /\ \A i \in DOMAIN b \ {1} : b[i - 1].epoch < b[i].epoch

TypeOK == /\ pool \subseteq Message
          /\ DOMAIN votes = Correct
          /\ \A p \in Correct : \A b \in votes[p] : b # Genesis /\ IsBlock(b)
          /\ lock \in [Correct -> 0 .. Epochs]
          /\ DOMAIN log = Correct
          /\ \A p \in Correct : IsBlock(log[p])

(* SAFETY.  A correct process votes once in an epoch. *)
OneVote == \A p \in Correct : \A b, c \in votes[p] : Epoch(b) = Epoch(c) => b = c

(* At most one block of an epoch is notarized. *)
OneNotarized == \A b, c \in Notarized : Epoch(b) = Epoch(c) => b = c

(* Where a block is finalized, no other one of that length is notarized. *)
NoRival == \A b \in Finalizing, c \in Notarized : Len(c) = Len(b) - 1 => c = Parent(b)

(* What any two processes can ever come to deliver is one chain. *)
Consistency == \A b, c \in Finalized \cup {log[p] : p \in Correct} : AreCompatible(b, c)

(* REFINEMENT.  Messages get their places in the order when the votes of a *)
(* quorum finalize their blocks, whether anybody has seen it or not.       *)
Longest(chains) == CHOOSE b \in chains : \A c \in chains : Len(c) <= Len(b)
LongestOrder(chains) == Messages(Longest(chains))
Order == Once(LongestOrder, Finalized)
Ordered(order) == {order[i] : i \in DOMAIN order}
Waiting(order) ==
    [p \in Correct |-> SubSeq(order, Len(Messages(log[p])) + 1, Len(order))]

TOB == INSTANCE TotalOrderBroadcast WITH
    network <- pool \ Ordered(Order),
    inbox <- Once(Waiting, Order),
    Batch <- Epochs - 1
(* This is TOB!Spec.  TLC is faster if it first looks whether a step       *)
(* changes anything of it.                                                 *)
RefinesTotalOrderBroadcast ==
    TOB!Init /\ [][UNCHANGED TOB!vars \/ TOB!Next]_TOB!vars
-----------------------------------------------------------------------------
(* Proved (z3): streamlet.  Checked at a bound: MCStreamlet, _votes, _n7. *)
THEOREM Spec => [](TypeOK /\ OneVote)
THEOREM MoreThanTwoThirdsCorrect => (Spec => [](OneNotarized /\ NoRival /\ Consistency))
(* Checked at a bound: MCStreamlet, MCStreamlet_batch; that the batches    *)
(* can be split, MCStreamletOneByOne and MCTotalOrderBroadcastSplit.       *)
THEOREM MoreThanTwoThirdsCorrect => (Spec => RefinesTotalOrderBroadcast)
=============================================================================
