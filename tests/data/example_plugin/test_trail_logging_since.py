"""trail-logging-since judges how long a trail has been logging."""

from trailwarden import Status
from trailwarden.testing import World, ago, status_of


def test_old_enough_passes() -> None:
    world = World()
    world.add_trail("main", status={"StartLoggingTime": ago(days=91)})
    assert status_of("trail-logging-since", world) is Status.PASS


def test_too_young_fails_and_the_parameter_decides() -> None:
    world = World()
    world.add_trail("main", status={"StartLoggingTime": ago(days=89)})
    assert status_of("trail-logging-since", world) is Status.FAIL
    assert status_of("trail-logging-since", world, {"min_days": 30}) is Status.PASS


def test_stopped_fails() -> None:
    world = World()
    world.add_trail("main", status={"IsLogging": False})
    assert status_of("trail-logging-since", world) is Status.FAIL


def test_denied_is_an_error() -> None:
    world = World()
    world.add_trail("main")
    world.deny("cloudtrail.GetTrailStatus")
    assert status_of("trail-logging-since", world) is Status.ERROR
