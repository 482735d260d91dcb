--------------------------- MODULE SlotGameTarget ---------------------------
(***************************************************************************)
(* The decisions that begin with one slot: can the adversary make them     *)
(* differ, when it has had the slots before to mine in advance?            *)
(*                                                                         *)
(* As in SlotGamePlays the state holds all forks that a string allows; now *)
(* each with what the slot was about: the height next above the honest     *)
(* blocks before it, and the honest block of the slot itself if it has     *)
(* one.  A target is named by its slot, not by a number of honest wins:    *)
(* the public chain also grows by blocks of the adversary.                 *)
(***************************************************************************)
EXTENDS Forks, Evaluation

CONSTANTS Symbols, Length, Depths   \* as in SlotGamePlays

VARIABLES slot,         \* which slot: 1, 2, ...
          string,       \* the slots played
          plays         \* the forks, each with its height and its block

vars == <<slot, string, plays>>

Plays == INSTANCE SlotGamePlays WITH forks <- {p.fork : p \in plays}
-----------------------------------------------------------------------------
Init == /\ slot \in 1 .. Length
        /\ string = << >>
        /\ plays = {[fork |-> NewFork, height |-> 0, block |-> Genesis]}

(* The public block that g has and f has not. *)
NewBlock(f, g) == CHOOSE b \in g.blocks : b \notin f.blocks

After(p, symbol) ==
    [fork : Plays!After(p.fork, symbol), height : {p.height}, block : {p.block}]
AfterTarget(p, symbol) ==
    {[fork |-> g, height |-> Height(p.fork) + 1,
      block |-> IF symbol = "h" THEN NewBlock(p.fork, g) ELSE Genesis]
        : g \in Plays!After(p.fork, symbol)}

Slot(symbol) ==
    /\ Len(string) < Length
    /\ string' = Append(string, symbol)
    /\ plays' = IF Len(string) + 1 = slot
                THEN UNION {AfterTarget(p, symbol) : p \in plays}
                ELSE UNION {After(p, symbol) : p \in plays}
    /\ UNCHANGED slot

Next == \E symbol \in Symbols : Slot(symbol)

Spec == Init /\ [][Next]_vars
-----------------------------------------------------------------------------
(* Two public chains decide different blocks at height m. *)
Differ(f, m, k) ==
    \E c, d \in {SubSeq(b, 1, m) : b \in {b \in f.public : Len(b) >= m + k}} : c # d

(* One public chain decides b, another one something else. *)
Reverted(f, b, k) ==
    Cardinality({IsPrefix(b, c) : c \in {c \in f.public : Len(c) >= Len(b) + k}}) = 2

(* The adversary can show all that correct processes would adopt. *)
Shown(f) == Publish(f, Held(f))
CanDiffer(k) == \E p \in plays :
    LET WithShown(f) == Differ(f, p.height, k) IN Once(WithShown, Shown(p.fork))
CanRevert(k) == \E p \in plays :
    LET WithShown(f) == Reverted(f, p.block, k) IN Once(WithShown, Shown(p.fork))

IsPlayed == Len(string) >= slot

HeightSettlement == IsPlayed =>
    \A k \in Depths : CanDiffer(k) <=> HeightCanDiffer(string, slot, k)
BlockSettlement == IsPlayed /\ string[slot] = "h" =>
    \A k \in Depths : CanRevert(k) <=> BlockCanBeReverted(string, slot, k)
-----------------------------------------------------------------------------
THEOREM Symbols = {"h", "A"} => (Spec => [](HeightSettlement /\ BlockSettlement))
=============================================================================
