------------------------- MODULE SlotGameFirstStays -------------------------
(***************************************************************************)
(* The slot game for processes that keep the chain that they adopted       *)
(* first: which strings let two of them decide differently?                *)
(*                                                                         *)
(* This is the learner of LongestChain: each process has one tip, leaves   *)
(* it for a higher block only, and gets blocks in the order that the       *)
(* adversary likes.  Of two equally high blocks a process adopts the one   *)
(* that it is shown first, and the adversary cannot change that later; so  *)
(* it has less power than in SlotGame, where it decides a tie again at any *)
(* time.  All that a process has received matters only through its tip.    *)
(*                                                                         *)
(* As in SlotGamePlays the state is a string together with the set of all  *)
(* positions that the adversary can have reached on it, so an equivalence  *)
(* is an invariant.  There are two processes, and a position has the set   *)
(* of their tips.                                                          *)
(***************************************************************************)
EXTENDS Forks

CONSTANTS Length,       \* how many slots are played
          Depths        \* the k's

ASSUME SlotGameFirstStaysAssumption == Length \in Nat /\ Depths \subseteq Nat

VARIABLES string,       \* the slots played
          positions,    \* all that the adversary can have made of them
          harmed        \* the depths at which it can have made the processes
                        \* decide differently, by now

vars == <<string, positions, harmed>>
-----------------------------------------------------------------------------
(* A position: the blocks, the tips, and the height of the highest block   *)
(* of a correct process.                                                   *)
Start == [blocks |-> {Genesis}, tips |-> {Genesis}, honest |-> 0]

(* Where blocks that arrive can move a tip: to a higher block, or nowhere. *)
From(p, tip) == {tip} \cup {b \in p.blocks : Len(b) > Len(tip)}

(* The adversary delivers blocks to either process, as many as it likes.   *)
Deliver(p) == {[p EXCEPT !.tips = {a, b}] : <<a, b>> \in
    UNION {From(p, c) \X From(p, d) : <<c, d>> \in
        {<<c, d>> \in p.tips \X p.tips : {c, d} = p.tips}}}

(* Before the next win, the blocks of correct processes have arrived: no   *)
(* tip is lower than one of them.                                          *)
Synchronous(p) == \A tip \in p.tips : Len(tip) >= p.honest
Ready(p) == {q \in Deliver(p) : Synchronous(q)}

(* A correct process wins on its tip: nobody has its block yet.  The       *)
(* adversary wins on any block.                                            *)
HonestWin(p, tip) == [p EXCEPT !.blocks = @ \cup {Child(p, tip)},
                               !.honest = Len(tip) + 1]
AdversaryWin(p, b) == [p EXCEPT !.blocks = @ \cup {Child(p, b)}]

After(p, symbol) == UNION {
    IF symbol = "h" THEN {HonestWin(q, tip) : tip \in q.tips}
    ELSE {AdversaryWin(q, b) : b \in q.blocks} : q \in Ready(p)}

(* The two processes decide differently at depth k, after some deliveries. *)
(* To revert a decision is no easier: the other process is then shown the  *)
(* new chain before the one that reverts.                                  *)
Decided(chain, k) == SubSeq(chain, 1, Len(chain) - k)
Differ(p, k) == \E a, b \in p.tips :
    /\ ~IsPrefix(Decided(a, k), Decided(b, k))
    /\ ~IsPrefix(Decided(b, k), Decided(a, k))
Harmed(reached) ==
    {k \in Depths : \E p \in reached : \E q \in Deliver(p) : Differ(q, k)}

Init == /\ string = << >>
        /\ positions = {Start}
        /\ harmed = {}

Slot(symbol) == /\ Len(string) < Length
                /\ string' = Append(string, symbol)
                /\ positions' = UNION {After(p, symbol) : p \in positions}
                /\ harmed' = harmed \cup Harmed(positions')

Next == \E symbol \in {"h", "A"} : Slot(symbol)

Spec == Init /\ [][Next]_vars
-----------------------------------------------------------------------------
(* THE SETTLEMENT THEOREM for these processes. *)
FirstStaysSettlement == harmed = {k \in Depths : ViolatesIfFirstStays(string, k)}
-----------------------------------------------------------------------------
THEOREM Spec => []FirstStaysSettlement
=============================================================================
