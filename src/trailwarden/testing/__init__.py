"""The public test kit: a small make-believe AWS account, and ``run_check`` which judges it with the real engine.

>>> from trailwarden.testing import World, run_check
>>> world = World()
>>> trail = world.add_trail("main", LogFileValidationEnabled=False)
>>> [result.status.value for result in run_check("trail-log-file-validation", world)]
['FAIL']

A ``World`` answers calls with AWS's documented shapes. What a builder does not set, AWS would not say either; replies are overridden
with ``reply``, ``error`` and ``deny``. It is a Reader: nothing of the engine is replaced.
"""

from trailwarden.testing.alerting import Alerting
from trailwarden.testing.eventrules import EventRules
from trailwarden.testing.files import Files
from trailwarden.testing.identities import Identities
from trailwarden.testing.judging import WATCHERS, policy_of, reason_of, run_check, run_policy, selection_of, status_of
from trailwarden.testing.lake import Lake
from trailwarden.testing.neighbours import Neighbours
from trailwarden.testing.organizing import Organizing, standalone
from trailwarden.testing.past import Past
from trailwarden.testing.world import ACCOUNT, MANAGEMENT, NOW, World, ago, log_bucket_policy

__all__ = [
    "ACCOUNT",
    "MANAGEMENT",
    "NOW",
    "WATCHERS",
    "Alerting",
    "EventRules",
    "Files",
    "Identities",
    "Lake",
    "Neighbours",
    "Organizing",
    "Past",
    "World",
    "ago",
    "log_bucket_policy",
    "policy_of",
    "reason_of",
    "run_check",
    "run_policy",
    "selection_of",
    "standalone",
    "status_of",
]
