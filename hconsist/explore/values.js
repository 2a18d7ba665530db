// compSum, published, BINARY and ldrLoss above are printed by the package. Below are the two minima that have no closed form:
// over pools (comp-sum losses), and over distributions (LDR).

function finiteMinimum(body, first, last) {
  let least = Infinity;
  for (let k = first; k <= last; k += 1) least = Math.min(least, body(k));
  return least;
}

// min over k = 2..n and over p on k labels with p_1 - p_2 = beta of ||p||_a - k^(1/a - 1): p = (x + beta, x, y, ..., y).
function poolMinimum(a, n, beta) {
  function norm(x, y, k) {
    const top = Math.max(x + beta, y);
    const sum = Math.pow((x + beta) / top, a) + Math.pow(x / top, a) + (k - 2) * Math.pow(y / top, a);
    return top * Math.pow(sum, 1 / a);
  }
  let found = { value: Infinity };
  for (let k = 2; k <= n; k += 1) {
    let x = (1 - beta) / 2, y = 0;
    if (k > 2) { // convex in x: golden sections
      const ratio = (Math.sqrt(5) - 1) / 2, rest = function (s) { return (1 - beta - 2 * s) / (k - 2); };
      let low = 0, high = (1 - beta) / 2;
      for (let step = 0; step < 40; step += 1) {
        const left = high - ratio * (high - low), right = low + ratio * (high - low);
        if (norm(left, rest(left), k) < norm(right, rest(right), k)) high = right; else low = left;
      }
      x = low < 1e-12 ? 0 : (low + high) / 2;
      y = rest(x);
    }
    const value = norm(x, y, k) - Math.pow(k, 1 / a - 1);
    if (value < found.value - 1e-13) found = { value: value, k: k, x: x, y: y };
  }
  if (beta === 0) found.value = 0;
  return found;
}

// The least x in [low, high] of a function with one valley near its least value on a grid: then golden sections.
function valley(f, low, high) {
  const count = 24, ratio = (Math.sqrt(5) - 1) / 2;
  let place = 0, least = Infinity;
  for (let i = 0; i <= count; i += 1) {
    const value = f(low + (high - low) * i / count);
    if (value < least) { least = value; place = i; }
  }
  let a = low + (high - low) * Math.max(place - 1, 0) / count, b = low + (high - low) * Math.min(place + 1, count) / count;
  for (let step = 0; step < 30; step += 1) {
    const left = b - ratio * (b - a), right = a + ratio * (b - a);
    if (f(left) < f(right)) b = right; else a = left;
  }
  const x = (a + b) / 2, end = low + (high - low) * place / count;
  return f(x) <= least ? x : end;
}

// Best conditional risk of LDR at lambda = 1, r = e^c, when `tops` labels have the largest probability t, one has b and `rest`
// have y each. At the best shares u of the softmax p_i = mu w(u_i) with w(u) = u (1 - (1 - 1/r) u); labels below the top take the
// smaller root of this quadratic, and the share of the top ones is found where all add to 1 (the risk is convex in the scores).
function ldrBest(r, t, tops, b, y, rest) {
  const kappa = 1 - 1 / r;
  function root(q) { return 2 * q / (1 + Math.sqrt(Math.max(0, 1 - 4 * kappa * q))); }
  function excess(u) {
    const w = u * (1 - kappa * u) / t;
    return tops * u + root(b * w) + rest * root(y * w) - 1;
  }
  let low = 0, high = 1 / tops, below = -1, above = excess(high), side = 0, u = high;
  for (let step = 0; step < 60 && high - low > 1e-15; step += 1) { // false position (Illinois)
    u = (low * above - high * below) / (above - below);
    const value = excess(u);
    if (Math.abs(value) < 1e-14) break;
    if (value > 0) { high = u; above = value; if (side === 1) below /= 2; side = 1; }
    else { low = u; below = value; if (side === -1) above /= 2; side = -1; }
  }
  const w = u * (1 - kappa * u) / t, cost = function (p, v) { return p > 0 ? p * ldrLoss(r, v) : 0; };
  return tops * cost(t, u) + cost(b, root(b * w)) + rest * cost(y, root(y * w));
}

// T of LDR at lambda = 1 (pooling lemma) over p = (x + beta, x, y, ..., y) on k labels: an upper estimate of the minimum over all p.
function ldrMinimum(r, n, beta) {
  let found = { value: Infinity };
  for (let k = 2; k <= Math.min(n, 5); k += 1) {
    const share = function (x) { return k > 2 ? Math.max(0, (1 - beta - 2 * x) / (k - 2)) : 0; };
    const spread = function (x) { return share(x) > x + beta / 2; }; // y joins the pool when it exceeds the mean of the first two
    const regret = function (x) {
      const y = share(x);
      const tied = spread(x) ? ldrLoss(r, 1 / k) : ldrBest(r, x + beta / 2, 2, 0, y, k - 2);
      return tied - ldrBest(r, x + beta, 1, x, y, k - 2);
    };
    const x = k === 2 ? (1 - beta) / 2 : valley(regret, Math.max(0, (1 - (k - 1) * beta) / k), (1 - beta) / 2);
    const value = regret(x);
    if (value < found.value - 1e-13) found = { value: value, k: k, x: x, y: share(x), tied: spread(x) ? k : 2 };
  }
  if (beta === 0) found.value = 0;
  return found;
}

// A closed form at beta in [0, 1]: 0 at 0, and the limit at 1, where 0 log 0 is not a number to a computer.
function atEnds(f, b) {
  if (b === 0) return 0;
  const value = f(b);
  return b === 1 && !isFinite(value) ? f(1 - 1e-13) : value;
}

function compSumWorst(tau, n, b) {
  const p = new Array(n).fill(0);
  let tied = 2;
  if (tau <= 1.5) {
    p[0] = (1 + b) / 2; p[1] = (1 - b) / 2;
  } else if (tau < 2) {
    const best = poolMinimum(1 / (2 - tau), n, b);
    tied = best.k;
    for (let i = 0; i < best.k; i += 1) p[i] = i === 0 ? best.x + b : i === 1 ? best.x : best.y;
  } else {
    const top = Math.max(b, (1 + b) / n);
    p[0] = top; p[1] = top - b;
    let rest = 1 - (2 * top - b);
    for (let i = 2; i < n; i += 1) { p[i] = Math.max(0, Math.min(top, rest)); rest -= p[i]; }
    let least = Infinity;
    for (let k = 1; k <= n; k += 1) {
      const value = top - Math.pow(k, 1 - tau) * Math.min(1, k * top - b);
      if (value < least - 1e-13) { least = value; tied = k; }
    }
  }
  return { p: p, tied: tied };
}

// A grid that is dense near 0, where bounds are used.
function towardsZero(steps) { return Array.from({ length: steps + 1 }, function (_, i) { return Math.pow(i / steps, 2); }); }

// Lower convex hull of the points (x, y), x increasing.
function hull(points) {
  const kept = [];
  points.forEach(function (c) {
    while (kept.length > 1) {
      const a = kept[kept.length - 2], b = kept[kept.length - 1];
      if ((b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0])) break;
      kept.pop();
    }
    kept.push(c);
  });
  return kept;
}

// Where the envelope of a comp-sum loss with tau >= 2 bends: between these it is linear.
function corners(n) { return Array.from({ length: Math.max(n - 2, 0) }, function (_, i) { return 1 / (i + 2); }); }

// What rounding may have done to a value of T, of order 1 at most in its terms.
const SLACK = 1e-14;

// sup { b in [0, 1] : T(b) <= excess } of a convex, increasing T, from above.
function inverse(T, excess) {
  if (!(T(1) - SLACK > excess)) return 1;
  let low = 0, high = 1;
  for (let step = 0; step < 100; step += 1) {
    const middle = (low + high) / 2;
    if (T(middle) - SLACK > excess) high = middle; else low = middle;
  }
  return high;
}

// Ten digits: side 1 never below the value, side -1 never above, 0 the nearest.
function rounded(value, side) {
  if (value === 0 || !isFinite(value)) return value;
  const near = Number(value.toPrecision(10));
  if (side * near >= side * value) return near;
  const unit = Math.pow(10, Math.floor(Math.log10(Math.abs(value))) - 9);
  return Number((near + side * unit).toPrecision(10));
}

function interpolate(points, x, from, to) { // piecewise linear; the last value beyond the end
  if (x >= points[points.length - 1][from]) return points[points.length - 1][to];
  let i = 1;
  while (points[i][from] <= x) i += 1;
  const a = points[i - 1], b = points[i];
  return a[to] + (b[to] - a[to]) * (x - a[from]) / (b[from] - a[from]);
}


// What stands on a curve at a place, from the envelope of points that are added where it matters: the lower hull of T on a grid is
// refined around the piece that holds the place (coordinate `from`), so that tangent points are found to about 1e-8.
function refined(T, points, place, from, to) {
  let known = points.slice();
  for (let round = 0; round < 4; round += 1) {
    const kept = hull(known), i = Math.max(1, kept.findIndex(function (q) { return q[from] > place; }));
    const near = [kept[i - 1][0], (kept[i] || kept[i - 1])[0]], fresh = [];
    known.forEach(function (q, k) {
      if (k === 0 || !(near.includes(q[0]) || near.includes(known[k - 1][0]))) return;
      const a = known[k - 1][0], b = q[0];
      [1, 2, 3].forEach(function (s) { const x = a + (b - a) * s / 4; if (x > a && x < b) fresh.push([x, T(x)]); });
    });
    known = known.concat(fresh).sort(function (a, b) { return a[0] - b[0]; });
  }
  return interpolate(hull(known), place, from, to);
}
