------------------------------- MODULE Traces -------------------------------
(***************************************************************************)
(* What all checks of recorded executions have in common.                  *)
(*                                                                         *)
(* A trace gives the value of every variable in each of its states, so     *)
(* each step has at most one successor: the recorded one, if an action of  *)
(* the specification leads to it, and the one that the trace names.  A     *)
(* trace whose last state is reached is accepted; TLC prints how far it    *)
(* has come.  Many traces go into one run.                                 *)
(*                                                                         *)
(* In a trace a model is a number instead of its lineage and the landscape *)
(* is known: a configuration substitutes operators of this module, and of  *)
(* the module that extends it, for those of the specification.             *)
(*                                                                         *)
(* A module that extends this one defines                                  *)
(*   Shape      the record of its variables, as the states of a trace have *)
(*              them                                                       *)
(*   StateIs    the same, as an equation for each variable, for an initial *)
(*              predicate                                                  *)
(*   Actions    the names of its actions                                   *)
(*   Act        the step of an action with one of these names              *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets, TLC

(* The traces are in TLC's registers 1, 2 and so on, where an assumption   *)
(* of the generated module has put them (TLC evaluates a definition anew   *)
(* more often than one would think).  Each has                             *)
(*   states      the sequence of its states                                *)
(*   labels      what it says of the action that led to each state: the    *)
(*               name, the process, the block, the forged block, whether   *)
(*               that had work, and whose offers a leader had; "", 0 and   *)
(*               {} say nothing                                            *)
(*   losses      the loss of each model but the genesis                    *)
(*   generations its generation                                            *)
(*   parents     the model that it is an offspring of                      *)
(*   proposers   whose proposal it is; "blend" if it is one of several     *)
(*   children    of each model, the genesis included: the proposals on it, *)
(*               by proposer and weights; 0 where nobody evaluated one     *)
(*   blends      of each model, the genesis included: its other offspring, *)
(*               as pairs <<step, model>>                                  *)
(*   weights     the weights that are not those of a single draw           *)
(*   chains      if it has blocks: the models up to that of each, from the *)
(*               genesis on; 0 where nobody evaluated one                  *)
CONSTANTS TraceCount,   \* how many traces there are
          LastGood      \* for a diagnosis: a sequence of pairs <<trace, step>>;
                        \* step 0 is the time before the first state

VARIABLES trace,    \* the number of the trace
          step,     \* the number of its state
          by        \* in a diagnosis: the action that leads here

Recorded == TLCGet(trace)
TraceLength == Len(Recorded.states)

(* The state that the trace has next, and what it says of the action that  *)
(* leads there: the names that this may have, and the processes and blocks *)
(* of those given that it may be about.                                    *)
NextState == Recorded.states[step + 1]
Label == Recorded.labels[step + 1]
LabelledActions(actions) == IF Label.action = "" THEN actions ELSE {Label.action}
LabelledProcesses(processes) ==
    IF Label.process = "" THEN processes ELSE processes \cap {Label.process}
LabelledBlocks(places) == IF Label.block = 0 THEN places ELSE places \cap {Label.block}

(* Said when a state is reached: the last of which this is said is the     *)
(* last good one.                                                          *)
Reached(t, i) == PrintT(<<"reached", t, i>>)
-----------------------------------------------------------------------------
(* Weights are numbers, too: those of a single draw the number of the draw, *)
(* the others Draws and their place in the trace's list.                    *)
TraceSingle(j) == j
TraceWeights(draws, w) == Recorded.weights[w - draws]
TraceNumber(draws, vector) ==           \* 0 if nobody used them
    LET is == {i \in DOMAIN Recorded.weights : Recorded.weights[i] = vector}
    IN  IF is = {} THEN 0 ELSE draws + CHOOSE i \in is : TRUE

(* Models are numbered from 2^30 on, the genesis model first, and so cannot *)
(* be taken for other numbers.                                              *)
TraceGenesis == 1073741824
Index(model) == model - TraceGenesis
TraceGeneration(model) ==
    IF Index(model) \in DOMAIN Recorded.generations
    THEN Recorded.generations[Index(model)] ELSE 0
TraceIsOffspring(model, parent) ==
    /\ Index(model) \in DOMAIN Recorded.parents
    /\ Recorded.parents[Index(model)] = parent
TraceIsProposal(model, parent, p) ==
    TraceIsOffspring(model, parent) /\ Recorded.proposers[Index(model)] = p
TraceProposal(i, ticket) ==             \* 0 if nobody evaluated it
    LET p == ticket.proposer
        w == ticket.weights
    IN  IF /\ p \in DOMAIN Recorded.children[i]
           /\ w \in DOMAIN Recorded.children[i][p]
           /\ ticket.generation = TraceGeneration(TraceGenesis + i - 1) + 1
        THEN Recorded.children[i][p][w] ELSE 0
TraceBlend(i, tickets) ==
    LET is == {j \in DOMAIN Recorded.blends[i] : Recorded.blends[i][j][1] = tickets}
    IN  IF is = {} THEN 0 ELSE Recorded.blends[i][CHOOSE j \in is : TRUE][2]
TraceOffspring(parent, tickets) ==
    LET i == Index(parent) + 1
    IN  IF i \notin DOMAIN Recorded.children THEN 0
        ELSE IF Cardinality(tickets) = 1
             THEN TraceProposal(i, CHOOSE t \in tickets : TRUE)
        ELSE TraceBlend(i, tickets)
TraceLandscapes(models) ==              \* no answer for what nobody evaluated
    IF 0 \in models THEN {} ELSE {[m \in models |-> Recorded.losses[Index(m)]]}
=============================================================================
