------------------------------ MODULE Evaluation ----------------------------
(***************************************************************************)
(* How TLC is told to evaluate something once.                             *)
(*                                                                         *)
(* Once(Op, value) is Op(value), and a reader may take it for that.  TLC   *)
(* evaluates an argument with a primed variable in it anew wherever the    *)
(* operator's body has it, but an element of a set only once.              *)
(***************************************************************************)

Once(Op(_), value) == CHOOSE result \in {Op(v) : v \in {value}} : TRUE
=============================================================================
