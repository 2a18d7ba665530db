"""Enclosures in whole numbers: an interval is a pair (lo, hi) of integers, in units of 2^-P.

Every operation rounds its lower end down and its upper end up, so the result holds every value of
the operation at points of the inputs. No floating point, no library. Where an operation has no
value at some point of the inputs, or it cannot tell, None is returned.

*exp.* x = k log 2 + r with k whole, 0 <= r <= 1 (log 2 enclosed); e^r = (e^(r/2^8))^(2^8), and for
0 <= y <= 2^-8 the Taylor sum lies below e^y by at most twice the first term left out, since the
terms halve at least.
*log.* x = 2^k m, 1 <= m < 2, and log m = 2 artanh z, z = (m-1)/(m+1) in [0, 1/3]; the sum of
z^(2i+1)/(2i+1), i < N, lies below artanh z by at most z^(2N+1)/(1 - z^2) <= (9/8) z^(2N+1).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

P = 128
UNIT = 1 << P
Pair = tuple[int, int]
#: Beyond 2^MOST_BITS nothing is enclosed.
MOST_BITS = 4096


def down(n: int, d: int) -> int:
    """n/d rounded down, d > 0 (or both ends of the sign alike)."""
    return n // d


def up(n: int, d: int) -> int:
    """n/d rounded up."""
    return -((-n) // d)


def of(r: Fraction) -> Pair:
    """The smallest interval about a rational."""
    n = r.numerator << P
    return down(n, r.denominator), up(n, r.denominator)


def ends(low: Fraction, high: Fraction) -> Pair:
    """An interval about [low, high]."""
    return of(low)[0], of(high)[1]


def kept(a: Pair) -> Pair | None:
    """a, unless its numbers are too large to go on with."""
    return a if max(abs(a[0]), abs(a[1])).bit_length() <= P + MOST_BITS else None


def plus(a: Pair, b: Pair) -> Pair:
    """The sum, exactly."""
    return a[0] + b[0], a[1] + b[1]


def times(a: Pair, b: Pair) -> Pair:
    """The product."""
    products = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return min(products) >> P, -((-max(products)) >> P)


def inverse(a: Pair) -> Pair | None:
    """1/a, for a without 0."""
    if a[0] <= 0 <= a[1]:
        return None
    one = UNIT << P
    return down(one, a[1]), up(one, a[0])


def whole_power(a: Pair, k: int) -> Pair | None:
    """a^k, k >= 1; for even k the least value over an interval about 0 is 0."""
    if k % 2 == 0 and a[0] < 0:
        a = (0, max(-a[0], a[1])) if a[1] > 0 else (-a[1], -a[0])
    low, high = _endpoint_power(a[0], k), _endpoint_power(a[1], k)
    return None if low is None or high is None else (low[0], high[1])


def _endpoint_power(n: int, k: int) -> Pair | None:
    """n^k in units, n >= 0 or k odd (powers are then monotone), by squaring."""
    base: Pair | None = (abs(n), abs(n))
    result: Pair = (UNIT, UNIT)
    while k:
        if base is None:
            return None
        if k & 1:
            result = times(result, base)
            if kept(result) is None:
                return None
        k >>= 1
        base = kept(times(base, base)) if k else base
    return result if n >= 0 else (-result[1], -result[0])


@lru_cache(maxsize=1 << 16)
def _log_point(n: int) -> Pair:
    """log(n 2^-P), n > 0."""
    k = n.bit_length() - 1 - P
    if k == 0 and n == UNIT:
        return 0, 0
    # m = n 2^-k in [1, 2), exactly n / 2^(P + k); z = (m - 1)/(m + 1).
    one = 1 << (P + k) if P + k >= 0 else 1
    num, den = (n, one) if P + k >= 0 else (n << -(P + k), 1)
    low, high = _artanh(num - den, num + den)
    two = _log_two()
    low, high = 2 * low, 2 * high
    return low + (k * two[0] if k >= 0 else k * two[1]), high + (
        k * two[1] if k >= 0 else k * two[0]
    )


@lru_cache(maxsize=1)
def _log_two() -> Pair:
    low, high = _artanh(1, 3)
    return 2 * low, 2 * high


def _artanh(num: int, den: int) -> Pair:
    """artanh(num/den), 0 <= num/den <= 1/3."""
    z = (down(num << P, den), up(num << P, den))
    square = times(z, z)
    power, low, high, i = z, 0, 0, 0
    while power[1] > 4 and i < 200:
        low += down(power[0], 2 * i + 1)
        high += up(power[1], 2 * i + 1)
        power = times(power, square)
        i += 1
    return low, high + up(9 * power[1], 8)


def log(a: Pair) -> Pair | None:
    """The logarithm, for a > 0; it increases."""
    return None if a[0] <= 0 else (_log_point(a[0])[0], _log_point(a[1])[1])


@lru_cache(maxsize=1 << 16)
def _exp_point(n: int) -> Pair | None:
    """e^(n 2^-P)."""
    if n == 0:
        return UNIT, UNIT
    two = _log_two()
    k = n // two[0]
    if abs(k) > MOST_BITS:
        return (0, 1) if k < 0 else None
    r = (n - (k * two[1] if k >= 0 else k * two[0]), n - (k * two[0] if k >= 0 else k * two[1]))
    # r may reach below 0 by the width of log 2's enclosure; there e^r >= 1 + r.
    low, high = _exp_small(max(r[0], 0))[0], _exp_small(max(r[1], 0))[1]
    if r[0] < 0:
        low = UNIT + r[0]
    return (low << k, high << k) if k >= 0 else (low >> -k, -((-high) >> -k))


def _exp_small(r: int) -> Pair:
    """e^(r 2^-P), 0 <= r, r 2^-P <= 1."""
    if r > UNIT:
        raise ArithmeticError("reduction failed")
    guard = 16
    one = 1 << (P + guard)
    scaled = r << guard >> 8
    y = (scaled, scaled + 1)
    low = high = 0
    term = (one, one)
    i = 0
    while term[1] > 2 and i < 200:
        low, high = low + term[0], high + term[1]
        i += 1
        term = (term[0] * y[0] // (one * i), up(term[1] * y[1], one * i))
    high += 2 * term[1]
    for _ in range(8):
        low, high = low * low // one, up(high * high, one)
    return low >> guard, -((-high) >> guard)


def exp(a: Pair) -> Pair | None:
    """The exponential; it increases."""
    low, high = _exp_point(a[0]), _exp_point(a[1])
    return None if low is None or high is None else (low[0], high[1])


def power(a: Pair, e: Fraction) -> Pair | None:
    """a^e for any rational e but 0, where it has values: see the schema's table."""
    if e.denominator == 1 and abs(e) <= MOST_BITS:
        if e > 0:
            return whole_power(a, int(e))
        p = None if a[0] <= 0 <= a[1] else whole_power(a, -int(e))
        return None if p is None else inverse(p)
    if a[0] < 0 or (e < 0 and a[0] == 0):
        return None
    return _positive_power(a, e)


def _positive_power(a: Pair, e: Fraction) -> Pair | None:
    """a^e = exp(e log a), monotone in a; 0^e = 0 for e > 0."""
    found: list[Pair] = []
    for n in a:
        if n == 0:
            found.append((0, 0))
            continue
        y = exp(times(_log_point(n), of(e)))
        if y is None:
            return None
        found.append(y)
    low, high = found if e > 0 else found[::-1]
    return low[0], high[1]


def xlogx(a: Pair) -> Pair | None:
    """t log t on an interval of t >= 0: it falls to -1/e at 1/e, then rises."""
    if a[0] < 0:
        return None
    at = [(0, 0) if n == 0 else times((n, n), _log_point(n)) for n in a]
    low, high = min(at[0][0], at[1][0]), max(at[0][1], at[1][1])
    if a[0] < UNIT and a[1] * 3 > UNIT:  # may hold 1/e, since 1/3 < 1/e < 1
        least = _exp_point(-UNIT)
        assert least is not None
        if a[0] <= least[1] and a[1] >= least[0]:
            low = -least[1]
    return low, high


def larger(a: Pair, b: Pair) -> Pair:
    """The maximum."""
    return max(a[0], b[0]), max(a[1], b[1])
