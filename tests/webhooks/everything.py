"""Every webhook in every version, caused by everything that happens on the platform."""

from __future__ import annotations

from functools import lru_cache, partial

from chatplatform.api.versions import VERSIONS
from chatplatform.webhook_actions import ACTIONS
from tests import samples
from tests.protocol.happenings import HAPPENINGS
from tests.protocol.test_shapes import undone
from tests.samples import Stage
from tests.webhooks.hooks import Body, Hooks

Told = list[tuple[str, Body]]
"""Bodies, each with the version that registered its webhook."""


@lru_cache(maxsize=1)
def everything_told(stage: Stage) -> Told:
    """Let everything happen, undo it again, and return what webhooks would have been told.

    One application for each version listens to all that it has. Tests of one stage share it.
    """
    scene = stage.alpha
    told: Told = []
    with undone(stage):
        listening = {version: Hooks(scene.organization) for version in VERSIONS}
        for version, hooks in listening.items():
            for action in ACTIONS.values():
                if action.exists(version):
                    hooks.listen(action.name, version)
        for action in samples.actions():
            with undone(stage):
                caller, payload = samples.caller(scene, action), samples.payload(scene, action)
                samples.call(caller, action, payload)
                told += _heard(listening)
        for happening in HAPPENINGS:
            with undone(stage):
                stage.world.act(partial(happening, scene))
                told += _heard(listening)
    return told


def _heard(listening: dict[str, Hooks]) -> Told:
    return [(version, body) for version, hooks in listening.items() for body in hooks.bodies()]
