------------------ MODULE MCModelConsensusRefinesConsensus ------------------
(***************************************************************************)
(* Who solves model-consensus solves classical consensus: take one         *)
(* generation and a constant loss, and let the offspring of the genesis    *)
(* model stand for the values, the p-th for what p proposes.               *)
(*                                                                         *)
(* MCConsensusRefinesModelConsensus is the other direction.  So what is    *)
(* impossible for consensus is impossible for model-consensus: to be       *)
(* deterministic, asynchronous and live with one crash (Fischer, Lynch,    *)
(* Paterson 1985), or to stand a third of Byzantine processes without      *)
(* signatures or, in partial synchrony, with them (Pease, Shostak, Lamport *)
(* 1980; Dwork, Lynch, Stockmeyer 1988).                                   *)
(***************************************************************************)
EXTENDS ModelConsensus

Classical == INSTANCE Consensus WITH
    Value <- UNION {OwnOffspring(Genesis, p) : p \in Proc},
    proposed <- DOMAIN loss,
    output <- [p \in Correct |-> {decided[p][i] : i \in 2 .. Len(decided[p])}]

RefinesConsensus == Classical!FairSpec
=============================================================================
