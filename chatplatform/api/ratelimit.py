"""How often one requester, or one address, may ask.

A token bucket per account, bot or customer counts Web calls and RTM frames together; buckets per
address count only failed authentications, minted customer identities, and ways to and from identity
providers. Each process decides on its own tokens. With ``REDIS_URL`` set it leases them in blocks
from a bucket all processes share, so that most calls need no round trip; a process may then hold
one block of tokens per key beyond the limit. While Redis is away each process keeps buckets of its
own.

Every function here is safe to call from any thread. Those that find a bucket empty raise
:class:`TooManyRequests`; nothing is refused for longer than the bucket takes to refill.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import redis
import structlog
from django.conf import settings
from django.core.signals import setting_changed

from chatplatform.errors import TooManyRequests

log = structlog.get_logger(__name__)

Clock = Callable[[], float]

MAX_BUCKETS = 100_000
"""Keys one limiter remembers; the one unused for longest is forgotten first."""
BLOCKS_PER_BURST = 20
"""A lease takes this part of a burst at a time."""
PREFIX = "chatplatform:rate:"
"""What the names of the shared buckets begin with."""
_REDIS_PAUSE_SECONDS = 1.0
_REFUSAL_SECONDS = 0.1


class Grant(NamedTuple):
    """What a shared bucket gave: ``tokens`` (0: none), or how many ``seconds`` to wait for one."""

    tokens: int
    seconds: float


class Lender(Protocol):
    """A bucket that several processes share."""

    def lease(self, key: str, block: int) -> Grant | None:
        """Return up to ``block`` tokens of ``key``, or ``None`` when the bucket is out of reach."""


class RedisLender:
    """Token buckets in Redis, each changed by one Lua call on Redis's own clock."""

    _SCRIPT = """
local rate, burst, block = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(bucket[1]) or burst
local at = tonumber(bucket[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local given = math.min(block, math.floor(tokens))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - given), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return {given, tostring((1 - tokens) / rate)}
"""

    def __init__(
        self, url: str, name: str, rate: float, burst: int, clock: Clock = time.monotonic
    ) -> None:
        self._prefix = f"{PREFIX}{name}:"
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._away_until = -math.inf
        client = redis.Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)
        self._script = client.register_script(self._SCRIPT)

    def lease(self, key: str, block: int) -> Grant | None:
        """Lease from Redis; after a failure do not ask again for a second."""
        if self._clock() < self._away_until:
            return None
        try:
            given, wait = self._script(
                keys=[self._prefix + key], args=[self._rate, self._burst, block]
            )
        except (redis.RedisError, OSError) as error:
            self._away_until = self._clock() + _REDIS_PAUSE_SECONDS
            log.warning("rate limit is counted locally", error=str(error))
            return None
        return Grant(int(given), max(0.0, float(wait)))


class _Bucket:
    __slots__ = ("at", "leased", "refused_until", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at
        self.leased = 0
        self.refused_until = -math.inf


class Limiter:
    """Token buckets of ``burst`` tokens, refilled by ``rate`` a second, one per key.

    ``lender`` shares them between processes. ``clock`` returns seconds and never goes back.
    At most ``max_buckets`` keys are remembered.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        *,
        lender: Lender | None = None,
        clock: Clock = time.monotonic,
        max_buckets: int = MAX_BUCKETS,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._block = max(1, burst // BLOCKS_PER_BURST)
        self._lender = lender
        self._clock = clock
        self._max_buckets = max_buckets
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def count(self, key: str) -> None:
        """Take one token of ``key``; raise :class:`TooManyRequests` when there is none."""
        if not self.take(key):
            raise TooManyRequests

    def take(self, key: str) -> bool:
        """Take one token of ``key``; return whether there was one."""
        with self._lock:
            bucket = self._bucket(key)
            if self._lender is None:
                return self._take_own(bucket)
            if bucket.leased:
                bucket.leased -= 1
                return True
            if self._clock() < bucket.refused_until:
                return False
        return self._take_leased(key, bucket, self._lender)

    def has(self, key: str) -> bool:
        """Return whether there is a token of ``key``, as far as is known here; take none.

        A shared bucket is not asked: that it is empty is known from when this process was refused
        until a token can be there again.
        """
        with self._lock:
            bucket = self._buckets.get(key)
            if bucket is None or bucket.leased:
                return True
            now = self._clock()
            return now >= bucket.refused_until and self._own(bucket, now) >= 1

    def _bucket(self, key: str) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._burst, self._clock())
            if len(self._buckets) > self._max_buckets:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket

    def _own(self, bucket: _Bucket, now: float) -> float:
        tokens = bucket.tokens + (now - bucket.at) * self._rate
        return tokens if tokens < self._burst else self._burst

    def _take_own(self, bucket: _Bucket) -> bool:
        now = self._clock()
        tokens = self._own(bucket, now)
        bucket.at = now
        enough = tokens >= 1
        bucket.tokens = tokens - 1 if enough else tokens
        return enough

    def _take_leased(self, key: str, bucket: _Bucket, lender: Lender) -> bool:
        grant = lender.lease(key, self._block)  # outside the lock: it may wait for the network
        with self._lock:
            if grant is None:
                return self._take_own(bucket)
            if grant.tokens == 0:
                bucket.refused_until = self._clock() + max(grant.seconds, _REFUSAL_SECONDS)
                return False
            bucket.leased += grant.tokens - 1
            return True


class _Limiters:
    """The limiters the settings ask for, made on first use and anew when settings change."""

    def __init__(self) -> None:
        self._made: dict[str, Limiter] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Limiter:
        limiter = self._made.get(name)
        if limiter is None:
            with self._lock:
                limiter = self._made.get(name) or self._made.setdefault(name, self._make(name))
        return limiter

    def forget(self) -> None:
        with self._lock:
            self._made.clear()

    @staticmethod
    def _make(name: str) -> Limiter:
        prefixes = {
            "requester": "RATE",
            "password": "PASSWORD",
            "url": "URL_INFO",
            "redirect": "REDIRECT",
        }
        prefix = prefixes.get(name, "ADDRESS")
        rate = float(getattr(settings, f"{prefix}_LIMIT_PER_SECOND"))
        burst = int(getattr(settings, f"{prefix}_LIMIT_BURST"))
        lender = None
        if settings.REDIS_URL:
            lender = RedisLender(settings.REDIS_URL, name, rate, burst)
        return Limiter(rate, burst, lender=lender)


_limiters = _Limiters()
_SETTINGS = frozenset(
    {
        "RATE_LIMIT_PER_SECOND",
        "RATE_LIMIT_BURST",
        "ADDRESS_LIMIT_PER_SECOND",
        "ADDRESS_LIMIT_BURST",
        "URL_INFO_LIMIT_PER_SECOND",
        "URL_INFO_LIMIT_BURST",
        "PASSWORD_LIMIT_PER_SECOND",
        "PASSWORD_LIMIT_BURST",
        "REDIRECT_LIMIT_PER_SECOND",
        "REDIRECT_LIMIT_BURST",
        "REDIS_URL",
    }
)


def _on_setting(*, setting: str, **kwargs: Any) -> None:
    if setting in _SETTINGS:
        reset()


setting_changed.connect(_on_setting, dispatch_uid="chatplatform.api.ratelimit")


def count(key: str) -> None:
    """Count one Web call or RTM frame of the requester ``key`` (``Requester.rate_key``)."""
    _limiters.get("requester").count(key)


def failed_authentication(address: str) -> None:
    """Count one failed authentication from ``address``; valid tokens are never counted here."""
    _limiters.get("authentication").count(_network(address))


def may_authenticate(address: str) -> None:
    """Refuse ``address`` while its allowance of failures is used up; nothing is counted.

    Call it before whatever costs, or tells right from wrong: right guesses are refused, too. Each
    process knows of failures at another one once it was refused a token itself, so of many at once
    a few more come through than the allowance.
    """
    if not _limiters.get("authentication").has(_network(address)):
        raise TooManyRequests


def minted_identity(address: str) -> None:
    """Count one new customer identity for ``address``; call it before minting."""
    _limiters.get("identity").count(_network(address))


def asked_provider(address: str) -> None:
    """Count one way to an identity provider, or back, from ``address``; call it before.

    Each makes us ask somebody else's server, and wait for it.
    """
    _limiters.get("provider").count(_network(address))


def attempted_password(address: str, email: str) -> None:
    """Count one attempt from ``address`` to sign in as ``email``; call it before looking.

    Right guesses count too: whoever is past the limit learns nothing, and the account's owner can
    still sign in from elsewhere.
    """
    _limiters.get("password").count(f"{_network(address)} {email.strip().lower()[:254]}")


def redirected(account_id: object, client_id: str) -> None:
    """Count that a person is sent on to an application; call it before. More is a loop."""
    _limiters.get("redirect").count(f"{account_id} {client_id}")


def looked_up_url(key: str) -> None:
    """Count one look at a page by a requester; ``key`` is their ``rate_key``."""
    _limiters.get("url").count(key)


def _network(address: str) -> str:
    """Return what one subscriber is given: an IPv4 address, or an IPv6 network of 64 bits."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))
    except ValueError:
        return address


def retry_after() -> int:
    """Return after how many whole seconds a refused requester or address may ask again."""
    slowest = min(settings.RATE_LIMIT_PER_SECOND, settings.ADDRESS_LIMIT_PER_SECOND)
    return max(1, math.ceil(1 / slowest))


def reset() -> None:
    """Forget every local bucket, as a new process would."""
    _limiters.forget()
