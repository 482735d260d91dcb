------------------------- MODULE EvolutionarySearch -------------------------
(***************************************************************************)
(* (1,lambda)-Evolutionary Search, as far as consensus sees it.            *)
(*                                                                         *)
(* A ticket names one draw of one process in one generation.  The          *)
(* offspring of a model by a ticket is a deterministic, public function of *)
(* both, so nobody can craft a model: a model *is* its lineage, the        *)
(* sequence of tickets that leads to it from the genesis model.  The       *)
(* implementation names it by a digest over its parent's digest and its    *)
(* ticket; that two lineages never share a digest is an assumption.        *)
(*                                                                         *)
(* The landscape gives every model a loss, the same at every process; less *)
(* is better.  Specifications leave it open: a variable `loss' maps the    *)
(* models that somebody has drawn to their losses, and a draw may reveal   *)
(* any loss.  Whatever holds then holds for every landscape with values in *)
(* Losses.  Operators take as much of the landscape as they need, a        *)
(* function from models to losses, as the argument `landscape'.            *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, Evaluation

CONSTANTS Proc,         \* the processes
          Byzantine,    \* those that the adversary controls
          Draws,        \* tickets of one process in one generation
          Losses        \* the losses that a model can have

ASSUME EvolutionarySearchAssumption ==
    /\ IsFiniteSet(Proc)
    /\ Byzantine \subseteq Proc
    /\ Draws \in Nat \ {0}
    /\ Losses \subseteq Nat

Correct == Proc \ Byzantine

Ticket(g, p, j) == [generation |-> g, proposer |-> p, draw |-> j]

(* The tickets that p may draw in generation g. *)
OwnTickets(g, p) == {Ticket(g, p, j) : j \in 0 .. Draws - 1}

Genesis == << >>
Offspring(parent, ticket) == Append(parent, ticket)
Generation(model) == Len(model)

(* The models that p can propose as successors of `parent'. *)
OwnOffspring(parent, p) ==
    {Offspring(parent, t) : t \in OwnTickets(Generation(parent) + 1, p)}

(* What the landscape may answer when a set of models is evaluated for the *)
(* first time.                                                             *)
Landscapes(models) == [models -> Losses]

(* `landscape' extended by the losses of models that it did not hold yet. *)
Reveal(landscape, new) ==
    [m \in DOMAIN landscape \cup DOMAIN new |->
        IF m \in DOMAIN landscape THEN landscape[m] ELSE new[m]]

(* The ticket of least loss that p can draw on `parent'; ties go to the    *)
(* least draw.                                                             *)
BestTicket(landscape, parent, p) ==
    LET drawn == {[ticket |-> t, loss |-> landscape[Offspring(parent, t)]] :
                    t \in OwnTickets(Generation(parent) + 1, p)}
        Best(results) == CHOOSE r \in results : \A s \in results :
            \/ r.loss < s.loss
            \/ r.loss = s.loss /\ r.ticket.draw <= s.ticket.draw
    IN  Once(Best, drawn).ticket
-----------------------------------------------------------------------------
(* A process's output is the sequence of the models that it has decided,   *)
(* from the genesis model on.  The properties of model-consensus are       *)
(* written here, once, as operators on d, where d[p] is p's output.        *)

Last(s) == s[Len(s)]
Range(s) == {s[i] : i \in DOMAIN s}
IsPrefix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, 1, Len(s))
Decisions(s) == Len(s) - 1      \* the genesis model is given, not decided

(* No two correct processes disagree: one output continues the other. *)
AgreementOf(d) ==
    \A p, q \in Correct : IsPrefix(d[p], d[q]) \/ IsPrefix(d[q], d[p])

(* Each decided model is an offspring, by a legal ticket, of the one       *)
(* decided before it.                                                      *)
LineageOf(d) == \A p \in Correct :
    /\ d[p][1] = Genesis
    /\ \A i \in 2 .. Len(d[p]) :
        \E q \in Proc : d[p][i] \in OwnOffspring(d[p][i - 1], q)

(* The losses of models that every correct process has left behind decide  *)
(* nothing any more, and specifications forget them; they keep those of    *)
(* the generation that all have just decided.                              *)
LastCommon(d) == CHOOSE g \in {Decisions(d[p]) : p \in Correct} :
    \A p \in Correct : g <= Decisions(d[p])
IsCurrent(model, d) == Generation(model) >= LastCommon(d)
Remembered(landscape, d) ==
    LET Since(g) ==
            [m \in {m \in DOMAIN landscape : Generation(m) >= g} |-> landscape[m]]
    IN  Once(Since, LastCommon(d))

(* To take `model' is as good a step as to take the best of some `rho'     *)
(* offspring of `parent' whose tickets the adversary did not choose: those *)
(* of the processes `unchosen', which are the correct ones or, where       *)
(* nobody can choose among his tickets, all.                               *)
MatchesUnchosen(landscape, model, parent, unchosen, rho) ==
    LET offspring == UNION {OwnOffspring(parent, p) : p \in unchosen}
        matched == {m \in offspring \cap DOMAIN landscape :
                        landscape[model] <= landscape[m]}
    IN  Cardinality(matched) >= rho
AtLeastAsGood(landscape, model, parent, rho) ==
    MatchesUnchosen(landscape, model, parent, Correct, rho)

(* Each decided model is at least as good as `rho' honest offspring of the *)
(* same parent.  (This is checked while the model's loss is remembered: at *)
(* the latest in the state in which the model is decided first.)           *)
ResilienceOf(landscape, d, rho) == \A p \in Correct : \A i \in 2 .. Len(d[p]) :
    d[p][i] \in DOMAIN landscape =>
        AtLeastAsGood(landscape, d[p][i], d[p][i - 1], rho)
=============================================================================
