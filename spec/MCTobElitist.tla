---------------------------- MODULE MCTobElitist ----------------------------
(***************************************************************************)
(* Elitist search: in an elitist landscape the losses of what is decided   *)
(* never increase.                                                         *)
(***************************************************************************)
EXTENDS MCTobFrontier

(* Without Byzantine processes ByzantineOffer is never enabled: it is left *)
(* out.                                                                    *)
HonestSpec == Init /\ [][CorrectNext]_vars

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
=============================================================================
