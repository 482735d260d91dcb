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
(* Losses.                                                                 *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

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

(* `loss' extended by the losses of models that it did not hold yet. *)
Reveal(loss, new) ==
    [m \in DOMAIN loss \cup DOMAIN new |->
        IF m \in DOMAIN loss THEN loss[m] ELSE new[m]]

(* The ticket of least loss that p can draw on `parent'; ties go to the    *)
(* least draw.  (The sets of one element make TLC look up each loss once.) *)
BestTicket(loss, parent, p) ==
    LET results == {[ticket |-> t, loss |-> loss[Offspring(parent, t)]] :
                        t \in OwnTickets(Generation(parent) + 1, p)}
        Best(all) == CHOOSE r \in all : \A s \in all :
            \/ r.loss < s.loss
            \/ r.loss = s.loss /\ r.ticket.draw <= s.ticket.draw
    IN  (CHOOSE r \in {Best(all) : all \in {results}} : TRUE).ticket
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
(* nothing any more and are forgotten; the generation that all have just   *)
(* decided is kept.                                                        *)
LastCommon(d) == CHOOSE g \in {Decisions(d[p]) : p \in Correct} :
    \A p \in Correct : g <= Decisions(d[p])
IsCurrent(model, d) == Generation(model) >= LastCommon(d)
Remembered(loss, d) ==
    LET Since(g) == [m \in {m \in DOMAIN loss : Generation(m) >= g} |-> loss[m]]
    IN  CHOOSE kept \in {Since(g) : g \in {LastCommon(d)}} : TRUE

(* To take `model' is as good a step as to take the best of some `rho'     *)
(* offspring of `parent' whose tickets the adversary did not choose: those *)
(* of correct processes, or, where nobody can choose among his tickets, of *)
(* all (`unchosen' says whose).                                            *)
MatchesUnchosen(loss, model, parent, unchosen, rho) ==
    LET offspring == UNION {OwnOffspring(parent, p) : p \in unchosen}
    IN  Cardinality({m \in offspring \cap DOMAIN loss : loss[model] <= loss[m]}) >= rho
AtLeastAsGood(loss, model, parent, rho) ==
    MatchesUnchosen(loss, model, parent, Correct, rho)

(* Each decided model is at least as good as `rho' honest offspring of the *)
(* same parent.  (Checked while its loss is remembered: at the latest in   *)
(* the state in which it is decided first.)                                *)
ResilienceOf(loss, d, rho) == \A p \in Correct : \A i \in 2 .. Len(d[p]) :
    d[p][i] \in DOMAIN loss => AtLeastAsGood(loss, d[p][i], d[p][i - 1], rho)
=============================================================================
