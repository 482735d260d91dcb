----------------------------- MODULE Settlement -----------------------------
(***************************************************************************)
(* When proof-of-work settles: the conditions, as predicates of strings.   *)
(*                                                                         *)
(* A run is summed up by its characteristic string, one symbol for each    *)
(* slot in which somebody wins:                                            *)
(*   "h"  one correct process wins                                         *)
(*   "A"  the adversary wins: one block, on any existing block, published  *)
(*        at any later time                                                *)
(*   "H"  two correct processes win at once, neither seeing the other's    *)
(*        block                                                            *)
(* A correct process decides at depth k: what has k blocks on top.  The    *)
(* module SlotGame has the rules; here is only the verdict on a string,    *)
(* which SlotGamePlays compares with an exhaustive search of the game.     *)
(* There are no probabilities in TLA+: reference/model_consensus/          *)
(* settlement/condition.py sums them over the strings that these predicates select.  *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANT Together   \* whether what the adversary shows to one of the two
                    \* winners of an H slot it shows to the other as well

ASSUME SettlementAssumption == Together \in BOOLEAN

Count(string, symbol) == Cardinality({i \in DOMAIN string : string[i] = symbol})
Minimum(S) == CHOOSE m \in S : \A n \in S : m <= n
Maximum(S) == CHOOSE m \in S : \A n \in S : n <= m

Strings(symbols, length) == UNION {[1 .. n -> symbols] : n \in 0 .. length}
Prefixes(s) == {SubSeq(s, 1, n) : n \in 0 .. Len(s)}
Factors(s) == {SubSeq(s, i, j) : i, j \in DOMAIN s}
-----------------------------------------------------------------------------
(* STRINGS OVER {h, A}.  Decisions at depth k can differ iff some stretch  *)
(* of at least 2(k + 1) slots has as many adversary wins as honest ones.   *)
(*                                                                         *)
(* Necessary: above their last common block two chains of length k + 1 or  *)
(* more need 2(k + 1) blocks, and honest blocks have distinct heights, so  *)
(* at each height at most one block is honest.  Sufficient: the private    *)
(* attack.  docs/settlement.md has the proofs.                             *)
IsDangerous(factor, k) ==
    /\ Len(factor) >= 2 * (k + 1)
    /\ Count(factor, "A") >= Count(factor, "h")
ViolatesWithoutH(string, k) == \E factor \in Factors(string) : IsDangerous(factor, k)

(* So it is if the adversary decides each tie, and again at any time.  The *)
(* learner that is specified keeps what it received first.  Then a factor  *)
(* with as many adversary wins as honest ones does harm only if it ends    *)
(* with an honest one: while that block is on its way, another as high can *)
(* still arrive before it.                                                 *)
ViolatesIfFirstStays(string, k) == \E factor \in Factors(string) :
    /\ IsDangerous(factor, k)
    /\ \/ Count(factor, "A") > Count(factor, "h")
       \/ factor[Len(factor)] = "h"

(* If everybody keeps the same chain, the one that all adopted first, the  *)
(* adversary loses every tie and needs one block more.                     *)
ViolatesIfTiesAreLost(string, k) == \E factor \in Factors(string) :
    /\ Len(factor) >= 2 * (k + 1) + 1
    /\ Count(factor, "A") > Count(factor, "h")

(* Of at most `wins' wins at most `adversarial' are the adversary's: what  *)
(* is safe whatever their order.                                           *)
IsSafe(wins, adversarial, k) == adversarial <= k \/ wins <= 2 * k + 1

Thresholds(length, k) ==
    LET violating == {s \in Strings({"h", "A"}, length) : ViolatesWithoutH(s, k)}
    IN  \A wins \in 0 .. length, adversarial \in 0 .. length :
            IsSafe(wins, adversarial, k) <=>
                \A s \in violating : Len(s) > wins \/ Count(s, "A") > adversarial
-----------------------------------------------------------------------------
(* STRINGS OVER {h, H, A}.  Two chains split at some slot; x and y are     *)
(* their lengths above the split, g that of the longest chain that every   *)
(* correct process knows.                                                  *)
Split == [x |-> 0, y |-> 0, g |-> 0]

(* A chain can be extended by a correct process if it is at least as long  *)
(* as what that process knows.  In an H slot each of the two may extend    *)
(* its own chain; where both see the same, these are equally long.         *)
Moves(p, symbol) ==
    LET left  == [p EXCEPT !.x = @ + 1, !.g = p.x + 1]
        right == [p EXCEPT !.y = @ + 1, !.g = p.y + 1]
        both  == [x |-> p.x + 1, y |-> p.y + 1, g |-> Maximum({p.x, p.y}) + 1]
    IN  IF symbol = "A"
        THEN {[p EXCEPT !.x = @ + 1], [p EXCEPT !.y = @ + 1]}
        ELSE (IF p.x >= p.g THEN {left} ELSE {})
                \cup (IF p.y >= p.g THEN {right} ELSE {})
                \cup (IF /\ symbol = "H"
                         /\ p.x >= p.g /\ p.y >= p.g
                         /\ Together => p.x = p.y
                      THEN {both} ELSE {})

(* Where the two chains can stand after `string', whenever they split. *)
RECURSIVE Positions(_)
Positions(string) ==
    IF string = << >> THEN {Split} ELSE
    LET n == Len(string)
    IN  {Split} \cup UNION {Moves(p, string[n]) : p \in Positions(SubSeq(string, 1, n - 1))}

(* Two processes can decide them both at depth k. *)
IsViolation(p, k) == Minimum({p.x, p.y}) >= Maximum({p.g, k + 1})

Violates(string, k) ==
    \E prefix \in Prefixes(string) : \E p \in Positions(prefix) : IsViolation(p, k)

(* By how much the adversary's longest private chain can exceed the public *)
(* one: what it has won, but honest blocks eat it up.                      *)
RECURSIVE Lead(_)
Lead(string) ==
    IF string = << >> THEN 0 ELSE
    LET before == Lead(SubSeq(string, 1, Len(string) - 1))
    IN  IF string[Len(string)] = "A" THEN before + 1
        ELSE IF before = 0 THEN 0 ELSE before - 1

(* Chains can also split on a private block, and a correct process can     *)
(* extend a third chain.  With these moves the recurrence is proved, for   *)
(* strings of any length (docs/settlement.md).  That they gain the         *)
(* adversary nothing is checked at a bound only.                           *)
Beside(p) == IF Maximum({p.x, p.y}) > p.g THEN {[p EXCEPT !.g = @ + 1]} ELSE {}
RECURSIVE AllPositions(_)
AllPositions(string) ==
    {[Split EXCEPT !.g = -Lead(string)]} \cup
    IF string = << >> THEN {} ELSE
    LET n == Len(string)
        before == AllPositions(SubSeq(string, 1, n - 1))
    IN  UNION {Moves(p, string[n]) : p \in before}
            \cup (IF string[n] = "A" THEN {} ELSE UNION {Beside(p) : p \in before})

ViolatesSomehow(string, k) ==
    \E prefix \in Prefixes(string) : \E p \in AllPositions(prefix) : IsViolation(p, k)
-----------------------------------------------------------------------------
(* ONE SLOT, over {h, A}: decisions that begin with it.  From the slot on, *)
(* the adversary's wins and its lead must make up for the honest wins, and *)
(* all must suffice for two chains of k + 1 blocks.                        *)
Since(string, slot) == {SubSeq(string, slot, n) : n \in slot .. Len(string)}
IsDangerousWith(lead, factor, k) ==
    /\ lead + Len(factor) >= 2 * (k + 1)
    /\ lead + Count(factor, "A") >= Count(factor, "h")

(* Decisions can differ at the height next above the honest blocks that    *)
(* were there before the slot.                                             *)
HeightCanDiffer(string, slot, k) ==
    \E factor \in Since(string, slot) :
        IsDangerousWith(Lead(SubSeq(string, 1, slot - 1)), factor, k)

(* The honest block of the slot can be decided by one and not by another.  *)
(* Nobody mines on it before it is there: it needs k more slots.           *)
BlockCanBeReverted(string, slot, k) ==
    \E factor \in Since(string, slot) :
        /\ Len(factor) >= k + 1
        /\ IsDangerousWith(Lead(SubSeq(string, 1, slot - 1)), factor, k)
-----------------------------------------------------------------------------
THEOREM \A k \in Nat : \A string \in Seq({"h", "A"}) :
    Violates(string, k) <=> ViolatesWithoutH(string, k)
=============================================================================
