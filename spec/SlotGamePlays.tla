---------------------------- MODULE SlotGamePlays ---------------------------
(***************************************************************************)
(* All plays of the slot game at once: can the adversary violate agreement *)
(* exactly where the condition says so?                                    *)
(*                                                                         *)
(* The state is a string together with the set of all forks that the       *)
(* adversary can have made of it: the subset construction over SlotGame.   *)
(* So `a violation is reachable by this string' is a predicate of states,  *)
(* an invariant says that it is equivalent to the closed condition, and    *)
(* each string is one state.                                               *)
(***************************************************************************)
EXTENDS Forks

CONSTANTS Symbols,      \* the kinds of slots, a subset of {"h", "H", "A"}
          Length,       \* how many slots are played
          Depths        \* the k's

ASSUME SlotGamePlaysAssumption ==
    Symbols \subseteq {"h", "H", "A"} /\ Length \in Nat /\ Depths \subseteq Nat

VARIABLES string,       \* the slots played
          forks         \* all that the adversary can have made of them

vars == <<string, forks>>
-----------------------------------------------------------------------------
(* When to show what?  A withheld chain can be shown as long as the public *)
(* one is not longer.  So it may wait until a correct process is about to  *)
(* make the public chain longer.  Then the adversary loses nothing if it   *)
(* shows all that is not longer than the chain that is to be extended: no  *)
(* public block ever mends a disagreement, and after the next block nobody *)
(* would adopt these any more.                                             *)
ShowUpTo(f, n) == Publish(f, {b \in Held(f) : Len(b) <= n})
Showings(f) == {ShowUpTo(f, n) : n \in {Len(b) : b \in Held(f)}}

(* What a slot can make of a fork. *)
After(f, symbol) ==
    CASE symbol = "A" -> {Mine(f, b) : b \in f.blocks}
      [] symbol = "h" -> UNION {{MineOpenly(g, b) : b \in Longest(g)} : g \in Showings(f)}
      [] symbol = "H" -> UNION {{MineTwo(g, p[1], p[2]) : p \in ParentsOfTwo(g)} : g \in Showings(f)}

(* The union of sets of forks.  It is written with sets of records, which  *)
(* are all singletons, as TLC's time for a plain union is quadratic.       *)
Unite(sets) ==
    UNION {UNION {[blocks : {f.blocks}, public : {f.public}] : f \in S} : S \in sets}

Init == /\ string = << >>
        /\ forks = {NewFork}

Slot(symbol) == /\ Len(string) < Length
                /\ string' = Append(string, symbol)
                /\ forks' = Unite({After(f, symbol) : f \in forks})

Next == \E symbol \in Symbols : Slot(symbol)

Spec == Init /\ [][Next]_vars
-----------------------------------------------------------------------------
(* Once all that can be is shown, some decisions at depth k differ. *)
CanViolate(k) == \E f \in forks : \E g \in Showings(f) : ~Agree(g, k)

(* THE SETTLEMENT THEOREM. *)
Settlement == \A k \in Depths : CanViolate(k) <=> Violates(string, k)
-----------------------------------------------------------------------------
THEOREM Spec => []Settlement
=============================================================================
