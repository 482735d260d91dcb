---------------------------- MODULE MCSettlement ----------------------------
(***************************************************************************)
(* What can be said of the conditions by themselves, string by string.     *)
(***************************************************************************)
EXTENDS Settlement, TLC

CONSTANTS Length, Depths

VARIABLE string

Init == string = << >>
Extend(symbol) == Len(string) < Length /\ string' = Append(string, symbol)
Next == \E symbol \in {"h", "A"} : Extend(symbol)
Spec == Init /\ [][Next]_string

(* The recurrence for {h, H, A} and the factors of strings over {h, A} say *)
(* the same where both speak.                                              *)
SameWithoutH == \A k \in Depths : Violates(string, k) <=> ViolatesWithoutH(string, k)

(* Nothing bounds `wins' and `adversarial' but the length. *)
ASSUME ThresholdsAreExact == \A k \in Depths : Thresholds(Length, k)

(* How many of the 256 strings of length 8 allow a violation.  The         *)
(* expected numbers come from an exhaustive search of the game by another  *)
(* program, before this specification was written.                         *)
Violating(k) ==
    Cardinality({s \in [1 .. 8 -> {"h", "A"}] : ViolatesWithoutH(s, k)})
ASSUME CountsOfLength8 ==
    LET counts == <<Violating(0), Violating(1), Violating(2), Violating(3)>>
    IN  /\ PrintT(<<"strings of length 8 that violate, for k = 0, 1, 2, 3:", counts>>)
        /\ counts = <<255, 237, 203, 163>>
=============================================================================
