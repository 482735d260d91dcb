---------------------------- MODULE MCTobFrontier ---------------------------
(* Bounds for TobFrontier. *)
EXTENDS TobFrontier, TLC

(* For scale: no losses of decided models. *)
KeptAccepted(landscape, f, d) ==
    [m \in {m \in DOMAIN landscape : IsAccepted(m, f)} |-> landscape[m]]

(* No step draws a model whose loss is kept already, so to keep fewer      *)
(* losses allows nothing new: checked where all are kept.                  *)
DrawnOnce == \A p \in Correct, q \in Proc :
    \/ q \in Range(frontier[p].banned)
    \/ \E offer \in Range(frontier[p].accepted) \cup Range(frontier[p].verified) : offer.sender = q
    \/ \A m \in DOMAIN loss : ~IsProposal(m, Parent(frontier[p]), q)

(* WITNESSES: each says that something cannot happen, and TLC finds how it *)
(* does.                                                                   *)

(* A process is two generations behind another one. *)
NoLaggard == \A p, q \in Correct : taken[p] < taken[q] + 2

(* All Byzantine processes are caught in one generation. *)
NoFullBan == \A p \in Correct :
    Decisions(frontier[p].decided) = 0 => Len(frontier[p].banned) < F

Symmetric == Permutations(Correct)
SymmetricInBoth == Permutations(Correct) \cup Permutations(Byzantine)
=============================================================================
