------------------------ MODULE MCSlotGameFirstStays ------------------------
(* SlotGameFirstStays at a bound; two conditions that are wrong; a report. *)
EXTENDS SlotGameFirstStays, TLC

(* That of the game in which the adversary decides ties, and that in which *)
(* it decides none.                                                        *)
AsIfTiesWereFree(s, k) == ViolatesWithoutH(s, k)
AsIfTiesWereLost(s, k) == ViolatesIfTiesAreLost(s, k)

(* An invariant that always holds, and prints the verdict of the search on *)
(* each string: tests compare it with the implementation.                  *)
Report == PrintT(<<string, harmed>>)
=============================================================================
