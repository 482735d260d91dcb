--------------------------- MODULE MCSlotGamePlays --------------------------
(* The bounds of SlotGamePlays are constants; only a report is added. *)
EXTENDS SlotGamePlays, TLC

(* An invariant that always holds, and prints the verdict of the search on *)
(* each string: tests compare it with the implementation.                  *)
Report == PrintT(<<string, {k \in Depths : CanViolate(k)}>>)
=============================================================================
