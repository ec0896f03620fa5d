"""Figures with their 95 % intervals, held against bars.

A bar fails only if the whole interval lies on its wrong side; it is `ahead` of its goal if the whole
interval lies beyond that."""

import dataclasses
import math
import statistics

# Student's t, two-sided 95 %, by degrees of freedom; beyond the table the normal value is close.
T95 = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23,
       12: 2.18, 14: 2.14, 16: 2.12, 19: 2.09, 24: 2.06, 29: 2.05}


def t95(freedom):
    return T95[max(k for k in T95 if k <= freedom)] if freedom <= 40 else 1.96


@dataclasses.dataclass
class Interval:
    low: float
    mid: float
    high: float

    def text(self, digits=2):
        return f"{self.mid:,.{digits}f} ({self.low:,.{digits}f}..{self.high:,.{digits}f})"


def mean(values):
    middle = statistics.fmean(values)
    if len(values) < 2:
        return Interval(middle, middle, middle)
    half = t95(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(middle - half, middle, middle + half)


def ratio(ours, theirs):
    """Of rounds in pairs: the geometric mean, so that a/b and b/a tell the same."""
    logs = mean([math.log(a / b) for a, b in zip(ours, theirs)])
    return Interval(*(math.exp(x) for x in (logs.low, logs.mid, logs.high)))


@dataclasses.dataclass
class Row:
    """One bar. `at_least`: the figure may not be lower than the bar; else not higher. Without a bar
    the figure is shown and nothing more."""
    what: str
    found: Interval
    bar: float = None
    at_least: bool = True
    unit: str = ""
    beside: str = ""   # what was measured to the side and has no bar
    digits: int = 2

    @property
    def passed(self):
        return self.bar is None or (self.found.high >= self.bar if self.at_least else self.found.low <= self.bar)

    @property
    def met(self):
        """Not only within the error."""
        return self.found.mid >= self.bar if self.at_least else self.found.mid <= self.bar

    def cells(self):
        if self.bar is None:
            return [self.what, self.found.text(self.digits) + self.unit, "", "shown", self.beside]
        sign = ">=" if self.at_least else "<="
        verdict = "PASS" if self.met else "PASS (within the error)" if self.passed else "FAIL"
        return [self.what, self.found.text(self.digits) + self.unit,
                f"{sign} {self.bar:,g}{self.unit}", verdict, self.beside]


HEAD = ["what", "measured (95 % interval)", "bar", "verdict", "beside it"]


def markdown(rows):
    lines = [HEAD, ["---"] * len(HEAD)] + [row.cells() for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
