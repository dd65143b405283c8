"""What checks found, packed into a few bytes, and the figures they add up to. Pure: no database, no clock."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil, log

from dr_console.providers.capabilities.probe import Failure

# What is stored is a failure's place in this list, counted from 1: only ever add at its end.
FAILURES = (
    Failure.TARGET,
    Failure.FORBIDDEN,
    Failure.DNS,
    Failure.REFUSED,
    Failure.UNREACHABLE,
    Failure.TIMED_OUT,
    Failure.TLS,
    Failure.RESET,
    Failure.STATUS,
    Failure.BODY,
    Failure.TOO_LARGE,
    Failure.GARBLED,
    Failure.REDIRECTS,
)
_CODES = {failure: code for code, failure in enumerate(FAILURES, start=1)}

# Each bucket of a histogram ends 5 % above the one before it: a percentile is off by 2.5 % at the most.
GROWTH = 1.05
LAST_BUCKET = 255

_SAMPLE = struct.Struct("<IfHB")  # endpoint, milliseconds, status (0: none), failure (0: it was good)
_COUNT = struct.Struct("<III")  # endpoint, checks, failed
_TIMES = struct.Struct("<IH")  # endpoint, how many buckets follow
_BUCKET = struct.Struct("<BI")  # bucket, how many answers


@dataclass(frozen=True)
class Sample:
    """One check of one endpoint."""

    milliseconds: float
    status: int | None = None
    failure: Failure | None = None

    @property
    def ok(self) -> bool:
        return self.failure is None


@dataclass
class Figures:
    """Checks added up. `histogram`: by bucket, how many good answers took so long."""

    count: int = 0
    failed: int = 0
    histogram: dict[int, int] = field(default_factory=dict)

    @property
    def availability(self) -> float | None:
        """Percent of the checks that were good; None if there were none."""
        return 100.0 * (self.count - self.failed) / self.count if self.count else None

    @property
    def error_rate(self) -> float | None:
        """Percent of the checks that failed; None if there were none."""
        return 100.0 * self.failed / self.count if self.count else None

    def percentile(self, share: float) -> float | None:
        """Milliseconds within which this share (0 to 1) of the good answers came; None if there were none."""
        total = sum(self.histogram.values())
        wanted, seen = ceil(share * total), 0
        for bucket, count in sorted(self.histogram.items()):
            seen += count
            if count and seen >= wanted:
                return milliseconds_of(bucket)
        return None

    def count_in(self, sample: Sample) -> None:
        self.count += 1
        if sample.ok:
            bucket = bucket_of(sample.milliseconds)
            self.histogram[bucket] = self.histogram.get(bucket, 0) + 1
        else:
            self.failed += 1

    def add(self, other: Figures) -> None:
        self.count += other.count
        self.failed += other.failed
        for bucket, count in other.histogram.items():
            self.histogram[bucket] = self.histogram.get(bucket, 0) + count


def bucket_of(milliseconds: float) -> int:
    """0 for up to one millisecond, 255 for about four minutes and more."""
    return 0 if milliseconds <= 1.0 else min(LAST_BUCKET, ceil(log(milliseconds) / log(GROWTH) - 1e-9))


def milliseconds_of(bucket: int) -> float:
    """The middle of a bucket."""
    return 1.0 if bucket == 0 else float(GROWTH ** (bucket - 0.5))


def pack_samples(samples: Mapping[int, Sample]) -> bytes:
    """Eleven bytes for each endpoint, by its primary key."""
    return b"".join(
        _SAMPLE.pack(endpoint, one.milliseconds, one.status or 0, _CODES[one.failure] if one.failure else 0)
        for endpoint, one in samples.items()
    )


def unpack_samples(packed: bytes) -> dict[int, Sample]:
    return {
        endpoint: Sample(milliseconds, status or None, FAILURES[code - 1] if code else None)
        for endpoint, milliseconds, status, code in _SAMPLE.iter_unpack(packed)
    }


def pack_counts(figures: Mapping[int, Figures]) -> bytes:
    return b"".join(_COUNT.pack(endpoint, one.count, one.failed) for endpoint, one in figures.items())


def unpack_counts(packed: bytes) -> Iterator[tuple[int, int, int]]:
    """(endpoint, checks, failed), quickly: a month of hours is read at once."""
    return _COUNT.iter_unpack(packed)


def pack_times(figures: Mapping[int, Figures]) -> bytes:
    parts: list[bytes] = []
    for endpoint, one in figures.items():
        parts.append(_TIMES.pack(endpoint, len(one.histogram)))
        parts.extend(_BUCKET.pack(bucket, count) for bucket, count in sorted(one.histogram.items()))
    return b"".join(parts)


def unpack_times(packed: bytes) -> Iterator[tuple[int, dict[int, int]]]:
    """(endpoint, histogram)."""
    at = 0
    while at < len(packed):
        endpoint, buckets = _TIMES.unpack_from(packed, at)
        at += _TIMES.size
        until = at + buckets * _BUCKET.size
        yield endpoint, dict(_BUCKET.iter_unpack(packed[at:until]))
        at = until


def unpack_figures(counts: bytes, times: bytes) -> dict[int, Figures]:
    found = {endpoint: Figures(count, failed) for endpoint, count, failed in unpack_counts(counts)}
    for endpoint, histogram in unpack_times(times):
        found[endpoint].histogram = histogram
    return found


def added_up(rounds: Iterable[Mapping[int, Sample]]) -> dict[int, Figures]:
    """Figures of each endpoint over many rounds."""
    found: dict[int, Figures] = {}
    for samples in rounds:
        for endpoint, sample in samples.items():
            found.setdefault(endpoint, Figures()).count_in(sample)
    return found
