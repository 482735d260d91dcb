----------------------------- MODULE MCSlotGame -----------------------------
(***************************************************************************)
(* SlotGame at a bound: which strings are played, and states that must be  *)
(* reachable.                                                              *)
(***************************************************************************)
EXTENDS SlotGame, TLC

(* Decisions agree, whatever the string. *)
Agreement == \A k \in Depths : Agree(fork, k)

(* Strings in which the adversary has less than half, or at most half, of  *)
(* the wins of every stretch of 2(k + 1) slots or more.                    *)
Long(k) == {factor \in Factors(string) : Len(factor) >= 2 * (k + 1)}
Minority == \A k \in Depths : \A f \in Long(k) : 2 * Count(f, "A") < Len(f)
HalfAtMost == \A k \in Depths : \A f \in Long(k) : 2 * Count(f, "A") <= Len(f)

(* At most k wins of the adversary, or just one more. *)
FewWins == \A k \in Depths : Count(string, "A") <= k
OneWinMore == \A k \in Depths : Count(string, "A") <= k + 1
-----------------------------------------------------------------------------
(* Witnesses: each invariant says that a state is out of reach, and must   *)
(* be violated.                                                            *)

(* No two public chains have k blocks or more each of their own. *)
NoDeepFork == \A k \in Depths : \A c, d \in fork.public : \E b \in fork.public :
    /\ IsPrefix(b, c) /\ IsPrefix(b, d)
    /\ Len(c) - Len(b) < k \/ Len(d) - Len(b) < k

(* Nobody gives up a longest chain for another one. *)
NoReorganisation ==
    [][\A b \in Longest(fork) : \E c \in Longest(fork)' : IsPrefix(b, c)]_vars

(* Without any win of the adversary decisions agree. *)
NoViolationWithoutAdversary == Count(string, "A") = 0 => Agreement

(* It is not what is shown to whom in an H slot that matters. *)
NoViolationByAHA == string = <<"A", "H", "A">> => Agreement
=============================================================================
