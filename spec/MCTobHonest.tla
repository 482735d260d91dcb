----------------------------- MODULE MCTobHonest ----------------------------
(* TobLearning without Byzantine processes: ByzantineOffer is never        *)
(* enabled, and is left out.                                               *)
EXTENDS MCTobLearning

HonestSpec == Init /\ [][CorrectNext]_vars
=============================================================================
