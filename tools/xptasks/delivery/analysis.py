"""Is the canary worse than the stable release? A sequential test that may be looked at after every reading.

Both releases serve at the same time, so what hurts everybody (a slow database, a bad hour) hurts both. What is judged
is therefore only *where* bad requests land. If the canary is no worse, each bad request of a reading is the canary's
with at most the canary's share of that reading's requests; if its odds of going wrong are `theta` times as high, with
more. The evidence is the likelihood ratio of a mixture over `theta` against equal odds, multiplied up from reading to
reading. While the canary is no worse this is a non-negative supermartingale that starts at 1, so by Ville's inequality
the chance that it *ever* reaches `1 / alpha` is at most `alpha`, however often one looks.

Sources: J. Ville, Étude critique de la notion de collectif (1939); H. Robbins, Statistical methods related to the law
of the iterated logarithm (1970), for mixtures; R. Johari et al., Always valid inference (2022); R. Turner, A. Ly and
P. Grünwald, Generic e-variables and tests for two-sample comparisons (2024), for the ratio of two streams.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, inf, log, log1p
from typing import Literal

# How many times higher the canary's odds may be. Few and far apart: each more costs evidence, and what lies between two
# is found by its neighbours. The last stands for a canary that fails while the stable release does not fail at all.
ODDS = (2.0, 5.0, 15.0, 60.0, 1000.0)
_PRIOR = -log(len(ODDS))

Answer = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one signal counted between two readings: requests of each release, and how many of them were bad."""

    canary: int
    canary_bad: int
    stable: int
    stable_bad: int

    def __post_init__(self) -> None:
        if not (0 <= self.canary_bad <= self.canary and 0 <= self.stable_bad <= self.stable):
            raise ValueError(f"more bad requests than requests, or a negative count: {self}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that one signal has shown so far: sums, and the logarithm of the likelihood ratio for each of `ODDS`."""

    canary: int = 0
    canary_bad: int = 0
    stable: int = 0
    stable_bad: int = 0
    ratios: tuple[float, ...] = field(default=(0.0,) * len(ODDS))

    def after(self, batch: Batch, share: float | None = None) -> "Evidence":
        """The evidence with one more reading.

        Args:
            batch: the reading.
            share: the canary's part of the requests, where the proxy splits by chance with known weights. A reading of
                a second has few requests, and what it happened to hold says less than the weight. When the canary got
                more than its weight so far (callers who stay with it), that counts: the higher share is the kinder one.
                Without a weight the reading's own share is taken; one in which only one of the two was asked then says
                nothing.
        """
        known = self._share(batch, share)
        return replace(
            self,
            canary=self.canary + batch.canary,
            canary_bad=self.canary_bad + batch.canary_bad,
            stable=self.stable + batch.stable,
            stable_bad=self.stable_bad + batch.stable_bad,
            ratios=tuple(map(float.__add__, self.ratios, _gains(batch, known))) if 0 < known < 1 else self.ratios,
        )

    def _share(self, batch: Batch, share: float | None) -> float:
        """The chance that a bad request of the reading is the canary's, if it is no worse; told before the reading."""
        if share is None:
            return batch.canary / max(1, batch.canary + batch.stable)
        served = self.canary + self.stable
        return max(share, self.canary / served) if served else share

    @property
    def log_ratio(self) -> float:
        """The natural logarithm of the mixture's likelihood ratio."""
        most = max(self.ratios)
        return _PRIOR + most + log(sum(exp(ratio - most) for ratio in self.ratios))


def _gains(batch: Batch, share: float) -> tuple[float, ...]:
    """What a reading adds for each of `ODDS`: log of the binomial likelihoods' ratio, given how many were bad."""
    bad = batch.canary_bad + batch.stable_bad
    if not bad:
        return (0.0,) * len(ODDS)
    return tuple(batch.canary_bad * log(odds) - bad * log1p(share * (odds - 1)) for odds in ODDS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the readings allow to say, in a word and in a sentence with the numbers."""

    answer: Answer
    why: str
    signal: str = ""


def allotted(false_abort: float, signals: Mapping[str, float]) -> dict[str, float]:
    """Split the chance of a false abort over the signals by weight (union bound: the sum stays `false_abort`)."""
    whole = sum(signals.values())
    return {name: false_abort * weight / whole for name, weight in signals.items()}


def judge(evidence: Mapping[str, Evidence], alphas: Mapping[str, float], min_requests: int) -> Verdict:
    """`fail` at any time, `pass` only after the canary served `min_requests`; `inconclusive` before that.

    Args:
        evidence: by the signal's name.
        alphas: how likely a healthy canary may be failed by each signal.
        min_requests: of the canary, for every signal that was counted at all.
    """
    failed = [name for name, shown in evidence.items() if shown.log_ratio >= -log(alphas[name])]
    if failed:
        worst = max(failed, key=lambda name: evidence[name].log_ratio + log(alphas[name]))
        return Verdict("fail", _against(worst, evidence[worst], alphas[worst]), worst)
    served = max((shown.canary for shown in evidence.values()), default=0)
    if served < min_requests:
        return Verdict("inconclusive", f"the canary served {served} of the {min_requests} requests that a pass needs")
    return Verdict("pass", _in_favour(evidence, served))


def _against(name: str, shown: Evidence, alpha: float) -> str:
    chance = exp(-min(shown.log_ratio, 700.0))
    return (
        f"{name}: {_rate(shown.canary_bad, shown.canary)} of the canary's requests against "
        f"{_rate(shown.stable_bad, shown.stable)} of the stable release's; a canary that is no worse shows this with a "
        f"chance of at most {chance:.1g}, and {alpha:.1g} was the limit"
    )


def _in_favour(evidence: Mapping[str, Evidence], served: int) -> str:
    rates = ", ".join(
        f"{name} {_rate(shown.canary_bad, shown.canary)} against {_rate(shown.stable_bad, shown.stable)}"
        for name, shown in evidence.items()
    )
    return f"nothing speaks against the canary after {served} requests ({rates})"


def _rate(bad: int, of: int) -> str:
    return f"{100 * bad / of:.3g} % ({bad} of {of})" if of else "none"


def slow_above(bounds: Sequence[float], counts: Sequence[int], quantile: float = 0.95) -> float:
    """The smallest histogram bound below which at least `quantile` of the requests lie; infinity when none does.

    Args:
        bounds: upper bounds of the buckets, rising.
        counts: requests at or below each bound (cumulative), then the count of all.
        quantile: which part of the requests counts as fast.
    """
    whole = counts[-1]
    return next(
        (bound for bound, count in zip(bounds, counts, strict=False) if whole and count >= quantile * whole), inf
    )
