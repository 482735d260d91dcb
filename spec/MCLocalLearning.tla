--------------------------- MODULE MCLocalLearning --------------------------
(* Bounds for LocalLearning; its violated properties are configurations. *)
EXTENDS LocalLearning
=============================================================================
