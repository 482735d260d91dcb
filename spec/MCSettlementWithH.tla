-------------------------- MODULE MCSettlementWithH -------------------------
(* The two recurrences for strings over {h, H, A}, string by string. *)
EXTENDS Settlement

CONSTANTS Length, Depths

VARIABLE string

Init == string = << >>
Extend(symbol) == Len(string) < Length /\ string' = Append(string, symbol)
Next == \E symbol \in {"h", "H", "A"} : Extend(symbol)
Spec == Init /\ [][Next]_string

(* To split on a private block or to mine beside both chains gains         *)
(* nothing.                                                                *)
NothingGained == \A k \in Depths : Violates(string, k) <=> ViolatesSomehow(string, k)
=============================================================================
