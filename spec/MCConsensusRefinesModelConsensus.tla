------------------ MODULE MCConsensusRefinesModelConsensus ------------------
(***************************************************************************)
(* Classical consensus is model-consensus with one generation, a constant  *)
(* loss and no demand on resilience, where the values are the offspring of *)
(* the genesis model.  MCModelConsensusRefinesConsensus is the other       *)
(* direction.                                                              *)
(***************************************************************************)
EXTENDS Consensus, Naturals, Sequences

CONSTANT Byzantine      \* they may propose, too

ValueOf(p) == <<[generation |-> 1, proposer |-> p, draw |-> 0]>>
ValueOfEach == {ValueOf(p) : p \in Correct \cup Byzantine}

(* Each correct process proposes its value. *)
EachProposes == \A p \in Correct : WF_vars(Propose(ValueOf(p)))
ProposingSpec == FairSpec /\ EachProposes

Model == INSTANCE ModelConsensus WITH
    Proc <- Correct \cup Byzantine, Draws <- 1, Losses <- {0},
    Generations <- 1, Unchosen <- Correct, Rho <- 0,
    loss <- [v \in proposed |-> 0],
    decided <- [p \in Correct |->
                    IF output[p] = {} THEN << << >> >>
                    ELSE << << >>, CHOOSE v \in output[p] : TRUE>>]

RefinesModelConsensus == Model!FairSpec
=============================================================================
