------------------------- MODULE EvolutionarySearch -------------------------
(***************************************************************************)
(* Evolutionary search, as far as consensus sees it.                       *)
(*                                                                         *)
(* In each generation every process has some draws.  A ticket names a      *)
(* combination of the draws of one process by small integer weights: one   *)
(* draw alone, or all of them recombined.  A step is a set of tickets of   *)
(* different processes, whose sum it takes, scaled to the length of one.   *)
(* With single draws only, and steps of one ticket, this is                *)
(* (1,lambda)-Evolutionary Search.                                         *)
(*                                                                         *)
(* The offspring of a model by a step is a deterministic, public function  *)
(* of both, so nobody can craft a model: a model *is* its lineage, the     *)
(* sequence of steps that leads to it from the genesis model.  The         *)
(* implementation names it by a digest over its parent's digest and its    *)
(* step; that two lineages never share a digest is an assumption.          *)
(*                                                                         *)
(* The landscape gives every model a loss, the same at every process; less *)
(* is better.  Specifications leave it open: a variable `loss' maps the    *)
(* models that somebody has evaluated to their losses, and an evaluation   *)
(* may reveal any loss.  Whatever holds then holds for every landscape     *)
(* with values in Losses, also for an elitist one, in which the first draw *)
(* of everybody is the parent again.  Operators take as much of the        *)
(* landscape as they need, a function from models to losses, as the        *)
(* argument `landscape'.                                                   *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets, Evaluation

CONSTANTS Proc,         \* the processes
          Byzantine,    \* those that the adversary controls
          Draws,        \* how many draws a process has in one generation
          Recombines,   \* whether draws may be combined
          Losses        \* the losses that a model can have

ASSUME EvolutionarySearchAssumption ==
    /\ IsFiniteSet(Proc)
    /\ Byzantine \subseteq Proc
    /\ Draws \in Nat \ {0}
    /\ Recombines \in BOOLEAN
    /\ Losses \subseteq Nat

Correct == Proc \ Byzantine

(* WEIGHTS.  Those of draw j alone, and those that are legal.  (The model  *)
(* is what the weights make of the draws: only their proportions matter.)  *)
Single(j) == [i \in 1 .. Draws |-> IF i = j THEN 1 ELSE 0]
Singles == {Single(j) : j \in 1 .. Draws}
Largest == IF Draws = 1 THEN 1 ELSE Draws - 1
IsCombination(w) ==
    /\ DOMAIN w = 1 .. Draws
    /\ \A j \in 1 .. Draws : -Largest <= w[j] /\ w[j] <= Largest
    /\ \E j \in 1 .. Draws : w[j] # 0
IsLegal(w) == w \in Singles \/ (Recombines /\ IsCombination(w))
Weights == IF Recombines
           THEN {w \in [1 .. Draws -> -Largest .. Largest] : IsCombination(w)}
           ELSE Singles

(* A ticket names legal weights of one process in one generation. *)
Ticket(g, p, w) == [generation |-> g, proposer |-> p, weights |-> w]
OwnTickets(g, p) == {Ticket(g, p, w) : w \in Weights}
IsOwnTicket(ticket, g, p) ==
    ticket.generation = g /\ ticket.proposer = p /\ IsLegal(ticket.weights)

Genesis == << >>
Offspring(parent, step) == Append(parent, step)
Generation(model) == Len(model)

(* A proposal is an offspring by one ticket.  Those of p on `parent' are a *)
(* finite set that everybody knows.                                        *)
Proposal(parent, ticket) == Offspring(parent, {ticket})
OwnProposals(parent, p) ==
    {Proposal(parent, t) : t \in OwnTickets(Generation(parent) + 1, p)}

(* What the landscape may answer when a set of models is evaluated for the *)
(* first time.                                                             *)
Landscapes(models) == [models -> Losses]

(* `landscape' extended by the losses of models that it did not hold yet. *)
Reveal(landscape, new) ==
    [m \in DOMAIN landscape \cup DOMAIN new |->
        IF m \in DOMAIN landscape THEN landscape[m] ELSE new[m]]

(* The landscapes that may be found when models are evaluated: no other    *)
(* one if all of them are known.                                           *)
Revealed(landscape, models) ==
    IF models \subseteq DOMAIN landscape THEN {landscape}
    ELSE {Reveal(landscape, new) : new \in Landscapes(models \ DOMAIN landscape)}
-----------------------------------------------------------------------------
(* WHAT A PROCESS PROPOSES: its best draw, or all its draws recombined.    *)

(* The proposal of p by draw j, and what all of them lost. *)
Drawn(parent, p, j) == Proposal(parent, Ticket(Generation(parent) + 1, p, Single(j)))
AllDrawn(parent, p) == {Drawn(parent, p, j) : j \in 1 .. Draws}
DrawLosses(landscape, parent, p) == [j \in 1 .. Draws |-> landscape[Drawn(parent, p, j)]]

(* How many draws are better than draw j; of equal losses the first is the *)
(* best.                                                                   *)
Rank(losses, j) == Cardinality({i \in 1 .. Draws :
    losses[i] < losses[j] \/ (losses[i] = losses[j] /\ i < j)})

(* The weights of the recombination: Draws - 1 for the least loss, two     *)
(* less for each rank, -(Draws - 1) for the greatest.  One draw alone has  *)
(* no recombination.                                                       *)
RankWeights(losses) == [j \in 1 .. Draws |-> Draws - 1 - 2 * Rank(losses, j)]
ByRank(losses) == RankWeights(losses)
Recombined(landscape, parent, p) ==
    LET Of(losses) == {Proposal(parent, Ticket(Generation(parent) + 1, p, ByRank(losses)))}
    IN  IF Recombines /\ Draws > 1 THEN Once(Of, DrawLosses(landscape, parent, p)) ELSE {}

(* How many models p evaluates to find its proposal, and the landscapes    *)
(* that it may find.                                                       *)
ProposalCost == Draws + (IF Recombines /\ Draws > 1 THEN 1 ELSE 0)
Explored(landscape, parent, p) ==
    UNION {Revealed(l, Recombined(l, parent, p)) : l \in Revealed(landscape, AllDrawn(parent, p))}

(* The ticket that p proposes on `parent': that of the recombination if it *)
(* is better than every draw.                                              *)
BestTicket(landscape, parent, p) ==
    LET Best(losses) ==
            LET j == CHOOSE j \in 1 .. Draws : Rank(losses, j) = 0
                IsBetter(m) == landscape[m] < losses[j]
                weights == IF \E m \in Recombined(landscape, parent, p) : IsBetter(m)
                           THEN ByRank(losses) ELSE Single(j)
            IN  Ticket(Generation(parent) + 1, p, weights)
    IN  Once(Best, DrawLosses(landscape, parent, p))
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

(* Each decided model is an offspring, by a legal step, of the one decided *)
(* before it.                                                              *)
IsLegalStep(step, g) ==
    /\ step # {}
    /\ \A t \in step : t.proposer \in Proc /\ IsOwnTicket(t, g, t.proposer)
    /\ \A t, u \in step : t.proposer = u.proposer => t = u
IsOffspring(model, parent) ==
    /\ model = Offspring(parent, Last(model))
    /\ IsLegalStep(Last(model), Generation(parent) + 1)
LineageOf(d) == \A p \in Correct :
    /\ d[p][1] = Genesis
    /\ \A i \in 2 .. Len(d[p]) : IsOffspring(d[p][i], d[p][i - 1])

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

(* A proposal on `parent' by a ticket of p. *)
IsProposal(model, parent, p) ==
    IsOffspring(model, parent) /\ \E t \in Last(model) : Last(model) = {t} /\ t.proposer = p

(* `model' is at least as good as some `rho' proposals on `parent' whose   *)
(* draws the adversary did not choose: those of the processes `unchosen',  *)
(* which are the correct ones or, where nobody can choose among his draws, *)
(* all.  This is a statement of rank among what was evaluated, not of      *)
(* chances: the adversary may have chosen which rho they are.              *)
MatchesUnchosen(landscape, model, parent, unchosen, rho) ==
    Cardinality({m \in DOMAIN landscape :
        /\ landscape[model] <= landscape[m]
        /\ \E p \in unchosen : IsProposal(m, parent, p)}) >= rho
AtLeastAsGood(landscape, model, parent, rho) ==
    MatchesUnchosen(landscape, model, parent, Correct, rho)

(* Each decided model is at least as good as `rho' honest proposals on the *)
(* same parent.  (This is checked while the model's loss is remembered: at *)
(* the latest in the state in which the model is decided first.)           *)
ResilienceOf(landscape, d, rho) == \A p \in Correct : \A i \in 2 .. Len(d[p]) :
    d[p][i] \in DOMAIN landscape =>
        AtLeastAsGood(landscape, d[p][i], d[p][i - 1], rho)

(* A correct process evaluates at most `each' models for each generation   *)
(* that it has begun, and at most `more' besides in the whole run.         *)
WorkOf(evaluations, d, each, more) == \A p \in Correct :
    evaluations[p] <= each * (Decisions(d[p]) + 1) + more
=============================================================================
