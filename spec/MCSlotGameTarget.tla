-------------------------- MODULE MCSlotGameTarget --------------------------
(* The bounds of SlotGameTarget are constants; only a report is added. *)
EXTENDS SlotGameTarget, TLC

(* As in MCSlotGamePlays, for the height and for the block of the slot. *)
Report == IsPlayed => PrintT(<<string, slot, {k \in Depths : CanDiffer(k)},
                               IF string[slot] = "h" THEN {k \in Depths : CanRevert(k)} ELSE {}>>)
=============================================================================
