"""Every frame an action's schema allows gets an answer, in every version, and only its own."""

from typing import Any

import orjson
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatplatform.api import versions
from chatplatform.api.action import Action
from chatplatform.api.call import RTM
from tests import make, samples
from tests.kernel.drawn import payloads
from tests.samples import Stage, name_of
from tests.world import Refused, User, rows

SESSIONS = ("login", "logout", "update_session")
ON_RTM = [
    action for action in samples.actions() if action.rtm is not None and action.name not in SESSIONS
]
WHISPER = "never-for-customers"
NOT_FOR_CLIENTS = {"internal", "service_unavailable", "authentication"}


@pytest.mark.parametrize("action", ON_RTM, ids=name_of)
def test_whatever_fits_the_schema_is_answered(stage: Stage, action: Action) -> None:
    alpha, beta = stage.alpha, stage.beta
    caller = samples.caller(alpha, action)
    if not caller.connections:
        caller.login()
    known = {**alpha.ids, **{f"other {name}": one for name, one in beta.ids.items()}}
    whisper = make.message(WHISPER, visibility="agents")
    alpha.ann.call("send_event", chat_id=alpha.running, event=whisper)
    sample = samples.payload(alpha, action)
    spoken = [version for version in versions.VERSIONS if action.exists(RTM, version)]

    @settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(payloads(action, known), st.sampled_from(spoken), st.booleans())
    def check(drawn: dict[str, Any], version: str, over_sample: bool) -> None:
        payload = {**sample, **drawn} if over_sample else drawn
        with transaction.atomic():
            listeners = list(stage.world.listeners)
            assert_answered(caller, action, payload, version, beta.label)
            transaction.set_rollback(True)
        stage.world.restore(listeners)

    check()


def assert_answered(caller: User, action: Action, payload: Any, version: str, foreign: str) -> None:
    """Call; assert a typed answer that says nothing of others, and that refusals change nothing."""
    before = rows()
    refusal = None
    with caller.world.capture_pushes() as pushes:
        try:
            answer = caller.rtm(action.name, payload, version=version)
        except Refused as refused:
            refusal = refused
    if refusal is not None:
        assert refusal.type not in NOT_FOR_CLIENTS, (payload, refusal)
        assert rows() == before
        assert pushes.names == {}
        return
    said = orjson.dumps(answer).decode()
    assert f"{foreign} text" not in said
    assert f"{foreign}-" not in said
    if caller.api == "customer":
        assert WHISPER not in said
