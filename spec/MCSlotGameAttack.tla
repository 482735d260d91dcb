-------------------------- MODULE MCSlotGameAttack --------------------------
(* The bounds of SlotGameAttack are constants. *)
EXTENDS SlotGameAttack
=============================================================================
