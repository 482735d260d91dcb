--------------------------- MODULE MCSlotGamePlays --------------------------
(***************************************************************************)
(* SlotGamePlays at a bound: the bounds are constants.  Here are           *)
(* conditions that are wrong by one, each with a configuration in which    *)
(* Settlement must be violated, and a report.                              *)
(***************************************************************************)
EXTENDS SlotGamePlays, Integers, TLC

HasFactor(length, surplus) == \E factor \in Factors(string) :
    /\ Len(factor) >= length
    /\ Count(factor, "A") >= Count(factor, "h") + surplus

LongerFactor(s, k) == HasFactor(2 * k + 3, 0)
ShorterFactor(s, k) == HasFactor(2 * k + 1, 0)
MoreThanHalf(s, k) == HasFactor(2 * k + 2, 1)
AlmostHalf(s, k) == HasFactor(2 * k + 2, -1)

(* Where ties are lost, of equally long chains only one is ever adopted.   *)
OneOfEachLength(f) == {Publish(f, S) : S \in
    {S \in SUBSET HeldIfTiesAreLost(f) : \A b, c \in S : Len(b) = Len(c) => b = c}}

(* An invariant that always holds, and prints the verdict of the search on *)
(* each string: tests compare it with the implementation.                  *)
Report == PrintT(<<string, {k \in Depths : CanViolate(k)}>>)
=============================================================================
