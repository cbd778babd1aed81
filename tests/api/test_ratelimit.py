"""How often a requester or an address may ask."""

import threading
import uuid

import pytest
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings

from chatplatform.api import ratelimit
from chatplatform.api.ratelimit import Grant, Lender, Limiter, RedisLender
from chatplatform.errors import TooManyRequests


class Clock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class SharedBucket:
    """A bucket without refill that several limiters share; it counts how often it is asked."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.asked = 0

    def lease(self, key: str, block: int) -> Grant | None:
        self.asked += 1
        given = min(block, self.tokens)
        self.tokens -= given
        return Grant(given, 2.0)


class Away:
    """A shared bucket out of reach."""

    def lease(self, key: str, block: int) -> Grant | None:
        return None


def taken(limiter: Limiter, key: str, attempts: int) -> int:
    return sum(limiter.take(key) for _ in range(attempts))


def test_a_key_may_use_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    limiter = Limiter(8, 5, clock=clock)
    assert taken(limiter, "a:1", 8) == 5

    clock.seconds += 0.375

    assert taken(limiter, "a:1", 8) == 3


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    clock = Clock()
    limiter = Limiter(10, 5, clock=clock)
    limiter.count("a:1")

    clock.seconds += 3_600

    assert taken(limiter, "a:1", 8) == 5


def test_looking_takes_nothing() -> None:
    clock = Clock()
    limiter = Limiter(1, 2, clock=clock)
    assert [limiter.has("a:1") for _ in range(5)] == [True] * 5
    assert taken(limiter, "a:1", 3) == 2

    assert not limiter.has("a:1")
    clock.seconds += 1
    assert limiter.has("a:1")

    assert taken(limiter, "a:1", 3) == 1


def test_looking_remembers_no_key() -> None:
    limiter = Limiter(1, 2, clock=Clock())
    assert limiter.has("a:1")
    assert len(limiter) == 0


def test_keys_do_not_share_tokens() -> None:
    limiter = Limiter(10, 5, clock=Clock())
    taken(limiter, "a:1", 5)

    limiter.count("a:2")

    with pytest.raises(TooManyRequests):
        limiter.count("a:1")


def test_only_so_many_keys_are_remembered_and_the_unused_are_forgotten_first() -> None:
    limiter = Limiter(1, 2, clock=Clock(), max_buckets=3)
    for key in ("a", "b", "c"):
        taken(limiter, key, 2)
    assert not limiter.take("a")

    limiter.take("d")

    assert len(limiter) == 3
    assert not limiter.take("a")
    assert limiter.take("b")


def test_threads_together_take_no_more_than_there_is() -> None:
    limiter = Limiter(1, 400, clock=Clock())
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(taken(limiter, "a:1", 200))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts) == 400


def test_processes_share_one_limit_and_ask_for_it_in_blocks() -> None:
    shared = SharedBucket(100)
    first = Limiter(1, 100, lender=shared, clock=Clock())
    second = Limiter(1, 100, lender=shared, clock=Clock())

    assert taken(first, "a:1", 80) + taken(second, "a:1", 80) == 100
    assert shared.asked <= 100 / 5 + 2


@pytest.fixture
def lender() -> Lender:
    """The shared bucket of this installation, or what stands for it where there is no Redis."""
    if django_settings.REDIS_URL:
        return RedisLender(django_settings.REDIS_URL, f"test-{uuid.uuid4()}", 0.001, 100)
    return SharedBucket(100)


def test_what_one_process_took_is_gone_for_the_other(lender: Lender) -> None:
    first = Limiter(0.001, 100, lender=lender)
    second = Limiter(0.001, 100, lender=lender)
    assert taken(first, "a:1", 60) == 60

    assert taken(second, "a:1", 60) == 40
    assert not first.take("a:1")


def test_a_refused_process_does_not_ask_again_before_a_token_can_be_there() -> None:
    clock = Clock()
    shared = SharedBucket(0)
    limiter = Limiter(1, 100, lender=shared, clock=clock)
    assert taken(limiter, "a:1", 50) == 0
    assert shared.asked == 1

    shared.tokens = 5
    clock.seconds += 2.1

    assert taken(limiter, "a:1", 8) == 5


def test_looking_never_asks_the_shared_bucket() -> None:
    clock = Clock()
    shared = SharedBucket(3)
    limiter = Limiter(1, 100, lender=shared, clock=clock)
    assert limiter.has("a:1")
    assert shared.asked == 0

    # what another process took is known once this one is refused itself
    assert taken(limiter, "a:1", 3) == 3
    assert limiter.has("a:1")
    assert not limiter.take("a:1")
    asked = shared.asked
    assert not limiter.has("a:1")
    clock.seconds += 2.1
    assert limiter.has("a:1")

    assert shared.asked == asked


def test_while_the_shared_bucket_is_away_looking_knows_what_the_process_counted() -> None:
    limiter = Limiter(1, 2, lender=Away(), clock=Clock())
    assert taken(limiter, "a:1", 3) == 2
    assert not limiter.has("a:1")


def test_while_the_shared_bucket_is_away_a_process_counts_by_itself() -> None:
    limiter = Limiter(10, 5, lender=Away(), clock=Clock())

    assert taken(limiter, "a:1", 8) == 5


def test_a_lender_whose_redis_is_away_says_so_and_waits_before_it_asks_again() -> None:
    clock = Clock()
    lender = RedisLender("redis://127.0.0.1:1/0", "test", 1, 10, clock)

    assert lender.lease("a:1", 5) is None
    assert lender.lease("a:1", 5) is None


def test_the_configured_limit_holds_for_web_and_rtm_together(settings: Settings) -> None:
    settings.RATE_LIMIT_PER_SECOND = 0.01
    settings.RATE_LIMIT_BURST = 7
    key = f"a:{uuid.uuid4()}"
    for _ in range(7):
        ratelimit.count(key)

    with pytest.raises(TooManyRequests):
        ratelimit.count(key)
    assert ratelimit.retry_after() == 100


def test_failed_authentications_and_minted_identities_are_counted_apart(
    settings: Settings,
) -> None:
    settings.ADDRESS_LIMIT_PER_SECOND = 0.01
    settings.ADDRESS_LIMIT_BURST = 1
    address = f"2001:db8:{uuid.uuid4().hex[:4]}:1::1"
    ratelimit.failed_authentication(address)

    ratelimit.minted_identity(address)

    with pytest.raises(TooManyRequests):
        ratelimit.failed_authentication(address)


def test_the_addresses_of_one_ipv6_network_count_as_one(settings: Settings) -> None:
    settings.ADDRESS_LIMIT_PER_SECOND = 0.01
    settings.ADDRESS_LIMIT_BURST = 1
    network = f"2001:db8:{uuid.uuid4().hex[:4]}:1"
    ratelimit.minted_identity(f"{network}::1")

    with pytest.raises(TooManyRequests):
        ratelimit.minted_identity(f"{network}:ffff:2:3:4")
    ratelimit.minted_identity(f"{network[:-1]}2::1")


def test_an_address_that_failed_too_often_is_known_without_counting(settings: Settings) -> None:
    settings.ADDRESS_LIMIT_PER_SECOND = 0.01
    settings.ADDRESS_LIMIT_BURST = 1
    network = f"2001:db8:{uuid.uuid4().hex[:4]}:1"
    for _ in range(3):
        ratelimit.may_authenticate(f"{network}::1")
    ratelimit.failed_authentication(f"{network}::1")
    with pytest.raises(TooManyRequests):
        ratelimit.failed_authentication(f"{network}::1")

    with pytest.raises(TooManyRequests):
        ratelimit.may_authenticate(f"{network}:ffff:2:3:4")
