---------------------------- MODULE MCTobFrontier ---------------------------
(* Bounds for TobFrontier. *)
EXTENDS TobFrontier, TLC

(* For scale: no losses of decided models. *)
KeptAccepted(true, f, d) == [m \in {m \in DOMAIN true : IsAccepted(m, f)} |-> true[m]]

(* No step draws a model whose loss is kept already, so to keep fewer      *)
(* losses allows nothing new: checked where all are kept.                  *)
DrawnOnce == \A p \in Correct, q \in Proc :
    \/ q \in Range(frontier[p].banned)
    \/ \E i \in DOMAIN frontier[p].accepted : frontier[p].accepted[i].sender = q
    \/ OwnOffspring(Parent(frontier[p]), q) \cap DOMAIN loss = {}

(* And the formulation that keeps all refines the one that keeps fewer. *)
KeptAll(true, f, d) == Remembered(true, d)
Fewer == INSTANCE TobFrontier WITH loss <- KeptFew(loss, frontier, Decided)
RefinesFewer == Fewer!Spec

Symmetric == Permutations(Correct) \cup Permutations(Byzantine)
=============================================================================
