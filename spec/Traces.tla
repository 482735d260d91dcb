------------------------------- MODULE Traces -------------------------------
(***************************************************************************)
(* What all checks of recorded executions have in common.                  *)
(*                                                                         *)
(* A trace gives the value of every variable in each of its states, so     *)
(* each step has at most one successor: the recorded one, if the           *)
(* specification's own Next allows it.  A trace whose last state is        *)
(* reached is accepted, and TLC prints so.  Many traces go into one run.   *)
(*                                                                         *)
(* In a trace a model is a number instead of its lineage and the landscape *)
(* is known: a configuration substitutes operators of this module, and of  *)
(* the module that extends it, for those of the specification.             *)
(***************************************************************************)
EXTENDS Integers, Sequences, TLC

(* The traces are in TLC's registers 1, 2 and so on, where an assumption   *)
(* of the generated module has put them (TLC evaluates a definition anew   *)
(* more often than one would think).  Each has                             *)
(*   states      the sequence of its states                                *)
(*   losses      the loss of each model but the genesis                    *)
(*   generations its generation                                            *)
(*   children    of each model, the genesis included: its offspring, by    *)
(*               proposer and draw; 0 where it was never drawn             *)
(*   blocks      if it has blocks: the model of each                       *)
CONSTANTS TraceCount,   \* how many traces there are
          LastGood      \* for a diagnosis: a sequence of pairs <<trace, step>>;
                        \* step 0 is the time before the first state

VARIABLES trace,    \* the number of the trace
          step,     \* the number of its state
          by        \* in a diagnosis: the action that leads here

Recorded == TLCGet(trace)
TraceLength == Len(Recorded.states)

(* Said when a state is reached: in a check if it is the last one, in a    *)
(* diagnosis, which substitutes the second operator for the first, always. *)
Accept(t, i) == i = Len(TLCGet(t).states) => PrintT(<<"accepted", t>>)
AcceptEach(t, i) == PrintT(<<"accepted", t, i>>)
-----------------------------------------------------------------------------
(* Models are numbered from 2^30 on, the genesis model first, and so cannot *)
(* be taken for other numbers.                                              *)
TraceGenesis == 1073741824
Index(model) == model - TraceGenesis
TraceGeneration(model) ==
    IF Index(model) \in DOMAIN Recorded.generations
    THEN Recorded.generations[Index(model)] ELSE 0
TraceOffspring(parent, ticket) ==       \* 0 if it was never drawn
    LET i == Index(parent) + 1
        p == ticket.proposer
        j == ticket.draw + 1
    IN  IF /\ i \in DOMAIN Recorded.children
           /\ p \in DOMAIN Recorded.children[i]
           /\ j \in DOMAIN Recorded.children[i][p]
           /\ ticket.generation = TraceGeneration(parent) + 1
        THEN Recorded.children[i][p][j] ELSE 0
TraceLandscapes(models) ==              \* no answer for models that were never drawn
    IF 0 \in models THEN {} ELSE {[m \in models |-> Recorded.losses[Index(m)]]}
=============================================================================
