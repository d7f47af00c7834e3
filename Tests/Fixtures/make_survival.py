"""Figures of lifelines for Tests/KramersTests/Escape/EscapeComparisonTests.swift.

    pip install lifelines
    python3 Tests/Fixtures/make_survival.py > Tests/KramersTests/Escape/SurvivalFigures.swift

Of pairs of samples: the log-rank test, the interval of the median by the log(-log) band, and the
restricted mean are those of lifelines; the rates too (ExponentialFitter, of looks with interval
censoring). lifelines has neither the standard error of a restricted mean nor the interval of a ratio
of rates: the first is a bootstrap of its means (1,000 resamples), the second the likelihood ratio
solved with SciPy's optimisers.
"""

import warnings

import numpy
from lifelines import ExponentialFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import median_survival_times, restricted_mean_survival_time
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

warnings.simplefilter("ignore")

# Remission times, weeks: 6-MP and placebo (Freireich and others 1963).
DRUG = [(6, 1), (6, 1), (6, 1), (6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1),
        (17, 0), (19, 0), (20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0)]
PLACEBO = [(t, 1) for t in [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]]


def drawn(seed, count, mean, budget, every):
    times = numpy.random.default_rng(seed).exponential(mean, count)
    if every:
        times = numpy.ceil(times / every) * every
    else:
        times = numpy.round(times, 3)
    return [(float(min(t, budget)), int(t <= budget)) for t in times]


CASES = [
    ("remission", DRUG, PLACEBO, 0),
    ("exact, one budget", drawn(1, 40, 100, 150, 0), drawn(2, 50, 160, 150, 0), 0),
    ("looks of a tenth", drawn(3, 60, 400, 1000, 40), drawn(4, 60, 250, 1000, 40), 40),
    ("looks of half", drawn(5, 80, 200, 800, 100), drawn(6, 50, 300, 800, 100), 100),
    ("few escapes", drawn(7, 30, 2000, 200, 10), drawn(8, 30, 900, 200, 10), 10),
    ("no escape in the first", [(200.0, 0)] * 30, drawn(9, 30, 300, 200, 10), 10),
]


def columns(sample):
    times, escaped = map(numpy.array, zip(*sample))
    return times.astype(float), escaped


def likelihood(sample, every):
    times, escaped = columns(sample)
    starts = numpy.where(escaped == 1, times - every, times)
    events = escaped.sum()
    if not every:
        return lambda rate: (events * numpy.log(rate) if events else 0) - rate * times.sum()
    return lambda rate: events * numpy.log(-numpy.expm1(-rate * every)) - rate * starts.sum()


def ratio_interval(first, second, every):
    one, two = likelihood(first, every), likelihood(second, every)

    def best(value):
        bounds = (-25, 5)
        found = minimize_scalar(
            lambda x: -value(x), bounds=bounds, method="bounded", options={"xatol": 1e-12})
        return found.x, -found.fun

    x1, l1 = best(lambda x: one(numpy.exp(x)))
    x2, l2 = best(lambda x: two(numpy.exp(x)))
    if not columns(first)[1].sum():
        x1, l1 = -numpy.inf, 0.0

    def drop(y):
        return l1 + l2 - best(lambda x: one(numpy.exp(x + y)) + two(numpy.exp(x)))[1] - 0.5 * chi2.ppf(
            0.95, 1)

    center = x1 - x2
    if not numpy.isfinite(center):
        return 0.0, 0.0, numpy.exp(brentq(drop, -12, 5, xtol=1e-12))
    ends = brentq(drop, center - 8, center, xtol=1e-12), brentq(drop, center, center + 8, xtol=1e-12)
    return numpy.exp(center), numpy.exp(ends[0]), numpy.exp(ends[1])


def number(x):
    x = float(x)
    return ".infinity" if x == numpy.inf else repr(x)


def mean_until(times, escaped, horizon, every):
    """lifelines' area of a step curve; of looks that of the curve in their middle."""
    curve = KaplanMeierFitter().fit(times, escaped)
    late = restricted_mean_survival_time(curve, t=horizon)
    if not every:
        return late
    return late - 0.5 * every * (1 - curve.predict(horizon))


def swift(sample):
    return "[" + ", ".join(f"({t:g}, {'true' if e else 'false'})" for t, e in sample) + "]"


print("/// Printed by Tests/Fixtures/make_survival.py; do not edit.")
print("struct SurvivalFigures {")
print("  let name: String\n  let first, second: [(Double, Bool)]\n  let every: Double")
print("  let chiSquare, p: Double\n  /// Low and high, of each sample.")
print("  let medians: [(Double, Double)]\n  let rates: [Double]")
print("  let ratio, ratioLow, ratioHigh: Double\n  let horizon: Double")
print("  let means: [Double]\n  /// By the bootstrap.\n  let errors: [Double]\n")
print("  static let all: [SurvivalFigures] = [")
generator = numpy.random.default_rng(0)
for name, first, second, every in CASES:
    both = [columns(first), columns(second)]
    test = logrank_test(both[0][0], both[1][0], both[0][1], both[1][1])
    medians, rates, means, errors = [], [], [], []
    ends = [numpy.inf if e.all() else t.max() for t, e in both]
    horizon = min(ends)
    for times, escaped in both:
        fit = KaplanMeierFitter().fit(times, escaped)
        ends = median_survival_times(fit.confidence_interval_)
        medians.append(sorted(float(x) for x in ends.to_numpy().ravel()))
        if every:
            upper = numpy.where(escaped == 1, times, numpy.inf)
            lower = numpy.where(escaped == 1, times - every, times)
            # Its optimiser begins near one.
            scale = times.mean()
            law = ExponentialFitter()
            if escaped.sum():
                law.fit_interval_censoring(lower / scale, upper / scale)
        else:
            law, scale = ExponentialFitter().fit(times, escaped), 1
        rates.append(1 / law.lambda_ / scale if escaped.sum() else 0.0)
        means.append(mean_until(times, escaped, horizon, every))
        draws = []
        for _ in range(1000 if escaped.sum() else 0):
            chosen = generator.integers(0, len(times), len(times))
            t, e = times[chosen], escaped[chosen]
            draws.append(mean_until(t, e, horizon, every))
        errors.append(numpy.std(draws) if draws else 0.0)
    ratio = ratio_interval(first, second, every)
    print("    SurvivalFigures(")
    print(f'      name: "{name}",\n      first: {swift(first)},\n      second: {swift(second)},')
    print(f"      every: {every}, chiSquare: {number(test.test_statistic)}, p: {number(test.p_value)},")
    pairs = ", ".join(f"({number(a)}, {number(b)})" for a, b in medians)
    print(f"      medians: [{pairs}],")
    print(f"      rates: [{', '.join(map(number, rates))}],")
    print(f"      ratio: {number(ratio[0])}, ratioLow: {number(ratio[1])}, "
          f"ratioHigh: {number(ratio[2])},")
    print(f"      horizon: {number(horizon)}, means: [{', '.join(map(number, means))}],")
    print(f"      errors: [{', '.join(map(number, errors))}]),")
print("  ]\n}")
