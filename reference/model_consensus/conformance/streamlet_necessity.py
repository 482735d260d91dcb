"""The assumptions of Streamlet, dropped: its part of the table in ``necessity.py``."""

from model_consensus.conformance.assumption import Necessity
from model_consensus.conformance.weakened_systems import Crashing, MadeUp
from model_consensus.defects import streamlet as streamlet_defects

OF_STREAMLET: dict[str, Necessity] = {
    # Where a correct vote and the leader's notarize, a node that has voted knows it at once; the
    # specification's processes need not have seen the leader's vote.  A crash makes up for that.
    "MCStreamlet_three": Necessity(
        "bound",
        "One of three processes is Byzantine.",
        "One of four: a correct process's vote and the adversary's do not notarize.",
        within={"Proc": frozenset(["p1", "p2", "p3", "b1"])},
        system=Crashing,
        real_system=Crashing,
    ),
    "MCStreamlet_half": Necessity(
        "learner",
        "Half of the votes notarize.",
        "A block with half of the votes is not notarized, and nobody builds on it.",
        learner=streamlet_defects.DEFECTS["half"],
        system=Crashing,
        real_system=Crashing,
    ),
    "MCStreamlet_half_notarized": Necessity(
        "learner",
        "Half of the votes notarize.",
        "A block with half of the votes is not notarized, and nobody builds on it.",
        learner=streamlet_defects.DEFECTS["half"],
        system=Crashing,
        real_system=Crashing,
    ),
    "MCStreamlet_vote_twice": Necessity(
        "learner",
        "After a crash a process has forgotten that it voted in the epoch.",
        "The vote was persisted before it was sent, and there is no second one.",
        learner=streamlet_defects.DEFECTS["forgets-its-vote"],
        system=Crashing,
        real_system=Crashing,
    ),
    "MCStreamlet_forgotten_vote": Necessity(
        "learner",
        "After a crash a process has forgotten that it voted in the epoch.",
        "The vote was persisted before it was sent, and there is no second one.",
        learner=streamlet_defects.DEFECTS["forgets-its-vote"],
        system=Crashing,
        real_system=Crashing,
    ),
    "MCStreamlet_vote_late": Necessity(
        "learner",
        "A process that has forgotten its last vote votes in an epoch that is over.",
        "Nobody votes in an epoch before that of its last vote.",
        learner=streamlet_defects.DEFECTS["forgets-its-vote"],
        system=Crashing,
        real_system=Crashing,
    ),
    "MCStreamlet_any_notarized": Necessity(
        "learner",
        "A process votes on a notarized chain that is not longest.",
        "A vote needs a chain as long as any that the process acted on.",
        learner=streamlet_defects.DEFECTS["any-notarized"],
    ),
    "MCStreamlet_two_consecutive": Necessity(
        "learner",
        "Two blocks of consecutive epochs finalize the first of them.",
        "Three in a row are needed, and nothing is final.",
        learner=streamlet_defects.DEFECTS["two-consecutive"],
    ),
    "MCStreamlet_any_three": Necessity(
        "learner",
        "Three notarized blocks in a row finalize, whatever their epochs.",
        "The epochs must be consecutive, and nothing is final.",
        learner=streamlet_defects.DEFECTS["any-three"],
    ),
    "MCStreamlet_repeat": Necessity(
        "learner",
        "A message may come twice in a chain.",
        "Nobody votes for a message that stands in the chain already.",
        learner=streamlet_defects.DEFECTS["repeats"],
    ),
    "MCStreamlet_made_up": Necessity(
        "learner",
        "A leader makes up a message of a correct process, and nobody looks at its signature.",
        "Nobody votes for a message that its sender did not sign.",
        learner=streamlet_defects.DEFECTS["made-up"],
        system=MadeUp,
        real_system=MadeUp,
    ),
}
"""The assumptions by model."""

for _shape in ("vote_late", "any_notarized", "two_consecutive"):  # the same, up to Consistency
    OF_STREAMLET[f"MCStreamlet_{_shape}_final"] = OF_STREAMLET[f"MCStreamlet_{_shape}"]
