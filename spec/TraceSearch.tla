----------------------------- MODULE TraceSearch ----------------------------
(***************************************************************************)
(* What checks of recorded executions of a search have in common.          *)
(*                                                                         *)
(* In a trace weights and models are numbers, and the landscape is known.  *)
(* (See Traces.)                                                           *)
(***************************************************************************)
EXTENDS EvolutionarySearch, Traces

(* Weights are numbers, too: those of a single draw the number of the      *)
(* draw, the others Draws and their place in the trace's list.             *)
TraceSingle(j) == j
TraceWeights(w) == Recorded.weights[w - Draws]
TraceIsLegal(w) == w \in 1 .. Draws \/ (w > Draws /\ Recombines /\ IsCombination(TraceWeights(w)))
TraceByRank(losses) ==                  \* 0 if nobody used them
    LET Number(weights) ==
            IF weights \in DOMAIN Recorded.numbers THEN Recorded.numbers[weights] ELSE 0
    IN  Once(Number, RankWeights(losses) \o << >>)   \* a sequence, as the keys are

(* Models are numbered from 2^30 on, the genesis model first, and so       *)
(* cannot be taken for other numbers.                                      *)
TraceGenesis == 1073741824
Index(model) == model - TraceGenesis
TraceGeneration(model) ==               \* 0 if it is earlier than the genesis
    IF Index(model) \in DOMAIN Recorded.generations
    THEN Recorded.generations[Index(model)]
    ELSE IF model = TraceGenesis THEN Recorded.since ELSE 0
TraceIsOffspring(model, parent) ==
    /\ Index(model) \in DOMAIN Recorded.parents
    /\ Recorded.parents[Index(model)] = parent
TraceIsProposal(model, parent, p) ==
    TraceIsOffspring(model, parent) /\ Recorded.proposers[Index(model)] = p
TraceMatchesUnchosen(landscape, model, parent, unchosen, rho) ==
    Cardinality({m \in DOMAIN landscape :
        /\ TraceIsOffspring(m, parent)
        /\ Recorded.proposers[Index(m)] \in unchosen
        /\ landscape[model] <= landscape[m]}) >= rho
TraceChild(i, p, w) ==                  \* 0 if nobody evaluated it
    IF p \in DOMAIN Recorded.children[i] /\ w \in DOMAIN Recorded.children[i][p]
    THEN Recorded.children[i][p][w] ELSE 0
TraceProposal(i, ticket) ==
    IF ticket.generation = TraceGeneration(TraceGenesis + i - 1) + 1
    THEN TraceChild(i, ticket.proposer, ticket.weights) ELSE 0
TraceBlend(i, tickets) ==
    LET is == {j \in DOMAIN Recorded.blends[i] : Recorded.blends[i][j][1] = tickets}
    IN  IF is = {} THEN 0 ELSE Recorded.blends[i][CHOOSE j \in is : TRUE][2]
TraceOffspring(parent, tickets) ==
    LET i == Index(parent) + 1
    IN  IF i \notin DOMAIN Recorded.children THEN 0
        ELSE IF Cardinality(tickets) = 1
             THEN TraceProposal(i, CHOOSE t \in tickets : TRUE)
        ELSE TraceBlend(i, tickets)

(* The offspring by a draw alone: the ticket has the draw's number.        *)
TraceDrawn(parent, p, j) ==
    LET i == Index(parent) + 1
    IN  IF i \in DOMAIN Recorded.children THEN TraceChild(i, p, j) ELSE 0

(* The models of a generation or later ones are a few intervals of         *)
(* numbers, and mostly all of those that are remembered.                   *)
TraceSince(models, g) ==
    LET k == g - Recorded.since + 1
    IN  IF g = 0 THEN models
        ELSE IF k > Len(Recorded.later) THEN {} ELSE models \cap Recorded.later[k]
TraceRemembered(landscape, d) ==
    LET Of(models) == IF models = DOMAIN landscape THEN landscape
                      ELSE [m \in models |-> landscape[m]]
    IN  Once(Of, TraceSince(DOMAIN landscape, LastCommon(d)))

(* TLC evaluates the value of a function anew wherever it is used, but not *)
(* the elements of a sequence, nor what @@ makes.                          *)
TraceDrawLosses(landscape, parent, p) ==
    [j \in 1 .. Draws |-> landscape[Drawn(parent, p, j)]] \o << >>
TraceReveal(landscape, new) == landscape @@ new
TraceLandscapes(models) ==              \* no answer for what nobody evaluated
    IF 0 \in models THEN {} ELSE {[m \in models |-> Recorded.losses[Index(m)]]}
=============================================================================
