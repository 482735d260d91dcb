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

(* ELITIST LANDSCAPES, for Revealed: everybody's first draw is the parent  *)
(* again, and has its loss.  The genesis model has the greatest.           *)
LossOf(landscape, model) ==
    IF model = Genesis THEN CHOOSE c \in Losses : \A d \in Losses : d <= c ELSE landscape[model]
IsParentAgain(model) == \E t \in Last(model) : Last(model) = {t} /\ t.weights = Single(1)
Elitist(landscape, models) ==
    {l \in {Reveal(landscape, new) : new \in Landscapes(models \ DOMAIN landscape)} :
        \A m \in models : IsParentAgain(m) =>
            l[m] = LossOf(landscape, SubSeq(m, 1, Len(m) - 1))}

(* Then the loss of what is decided never increases; without, it may.      *)
NeverWorse == \A p \in Correct : \A i \in 2 .. Len(Ahead[p]) :
    LET model == Ahead[p][i]
        parent == Ahead[p][i - 1]
    IN  model \in DOMAIN loss /\ (parent = Genesis \/ parent \in DOMAIN loss) =>
            loss[model] <= LossOf(loss, parent)

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
