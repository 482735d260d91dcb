------------------------ MODULE MCLongestChainString ------------------------
(***************************************************************************)
(* LongestChain against the conditions on strings: who won when decides    *)
(* whether correct processes can disagree.                                 *)
(***************************************************************************)
EXTENDS LongestChain, Settlement, TLC

CONSTANT Followed       \* the string that the oracle follows, if there is one

Symmetric == Permutations(Correct)

(* The string of wins. *)
String == [i \in DOMAIN blocks |-> IF IsCorrect(i) THEN "h" ELSE "A"]
Follows == \E n \in 0 .. Len(Followed) : String = SubSeq(Followed, 1, n)

(* Each process keeps what it received first, and disagrees only on such   *)
(* strings.                                                                *)
SettledIfFirstStays == Agreement \/ ViolatesIfFirstStays(String, Depth)

NoString == << >>
hAAh == <<"h", "A", "A", "h">>
hAhA == <<"h", "A", "h", "A">>
=============================================================================
