------------------ MODULE MCConsensusRefinesModelConsensus ------------------
(***************************************************************************)
(* Classical consensus is model-consensus with one generation, a constant  *)
(* loss and no demand on resilience or work, where the value of a process  *)
(* is its proposal on the genesis model.  MCModelConsensusRefinesConsensus *)
(* is the other direction.                                                 *)
(***************************************************************************)
EXTENDS Consensus, Naturals, Sequences

ProposalOf(p) == <<{[generation |-> 1, proposer |-> p, weights |-> <<1>>]}>>
OwnProposal == [p \in Proc |-> {ProposalOf(p)}]

(* Each correct process proposes its value. *)
EachProposes == \A p \in Correct : WF_vars(Propose(p))
ProposingSpec == FairSpec /\ EachProposes

(* Proposals that nobody needs any more are forgotten in ModelConsensus. *)
AllHaveOutput == \A p \in Correct : output[p] # {}

Model == INSTANCE ModelConsensus WITH
    Draws <- 1, Recombines <- FALSE, Losses <- {0},
    Generations <- 1, Unchosen <- Correct, Rho <- 0, Work <- 0, More <- 0,
    loss <- [v \in proposed |-> 0],
    proposed <- IF AllHaveOutput THEN {} ELSE proposed \cap UNION {Own[p] : p \in Correct},
    evaluations <- [p \in Correct |-> 0],
    decided <- [p \in Correct |->
                    IF output[p] = {} THEN << << >> >>
                    ELSE << << >>, CHOOSE v \in output[p] : TRUE>>]

RefinesModelConsensus == Model!FairSpec
=============================================================================
