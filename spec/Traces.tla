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
(* A configuration substitutes operators of this module, and of the one    *)
(* that extends it, for those of the specification.                        *)
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
(*   first       of a window of a longer trace: the index of its first     *)
(*               state there, which need not be initial; 0 for the first   *)
(*   since       the generation of its genesis model; 0 for the first      *)
(*   dropped     if it has blocks: how many come before its first one      *)
(*   stolen      how many of them the adversary won                        *)
(*   paced       with slots: how many of them are pacers, and the slot of  *)
(*               the last pacer                                            *)
(*   labels      what it says of the action that led to each state: the    *)
(*               name, the process, the block, the forged block, whether   *)
(*               that had work, and whose offers a leader had; "", 0 and   *)
(*               {} say nothing                                            *)
(*   losses      the loss of each model but the genesis                    *)
(*   generations its generation                                            *)
(*   later       those of generation since and later ones, of generation   *)
(*               since + 1 and later ones, and so on; the genesis, too     *)
(*   parents     the model that it is an offspring of                      *)
(*   proposers   whose proposal it is; "blend" if it is one of several     *)
(*   children    of each model, the genesis included: the proposals on it, *)
(*               by proposer and weights; 0 where nobody evaluated one     *)
(*   blends      of each model, the genesis included: its other offspring, *)
(*               as pairs <<step, model>>                                  *)
(*   weights     the weights that are not those of a single draw           *)
(*   numbers     for each of them Draws and its place there                *)
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
=============================================================================
