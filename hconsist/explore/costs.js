// Cross-entropy with any finite costs (docs/targets.md, theorem 1). The softmax of the scores is a forecast q, and the prediction is
// the one of least expected cost. For predictions r, k let d = L_r - L_k, and V(lam) the largest E_q exp(lam d) over the forecasts
// Q_r that may lead to r, a maximum over the corners of Q_r. Every lam >= 0 gives the bound T(b) >= lam b - log V(lam) for the
// pair, so what is computed here errs to the safe side but for rounding.

// All q with sum 1 at which as many of the inequalities `row . q <= 0` are equalities as fix it, and none is broken.
function cornersOf(rows, n) {
  const found = [], seen = new Set();
  (function choose(start, picked) {
    if (picked.length === n - 1) {
      const q = solved(picked.map(function (i) { return rows[i].concat(0); }).concat([new Array(n + 1).fill(1)]));
      if (q === null || rows.some(function (row) { return dot(row, q) > 1e-9; })) return;
      const clean = q.map(function (x) { return x < 1e-12 ? 0 : x; }), key = clean.map(function (x) { return x.toFixed(9); }).join();
      if (!seen.has(key)) { seen.add(key); found.push(clean); }
      return;
    }
    for (let i = start; i < rows.length; i += 1) choose(i + 1, picked.concat(i));
  })(0, []);
  return found;
}

function dot(a, b) { return a.reduce(function (sum, x, i) { return sum + x * b[i]; }, 0); }

// The solution of linear equations, each a row with its right side last; null where there is not exactly one.
function solved(equations) {
  const n = equations.length, m = equations.map(function (row) { return row.slice(); });
  for (let column = 0; column < n; column += 1) {
    let best = column;
    for (let i = column + 1; i < n; i += 1) if (Math.abs(m[i][column]) > Math.abs(m[best][column])) best = i;
    if (Math.abs(m[best][column]) < 1e-11) return null;
    const kept = m[best];
    m[best] = m[column];
    m[column] = kept;
    for (let i = 0; i < n; i += 1) {
      if (i === column) continue;
      const factor = m[i][column] / m[column][column];
      for (let k = column; k <= n; k += 1) m[i][k] -= factor * m[column][k];
    }
  }
  return m.map(function (row, i) { return row[n] / row[i]; });
}

// The ordered pairs (r, k) of predictions, each with d, the corners of Q_r, and the greatest d. Pairs of one law are kept once.
function costPairs(costs) {
  const n = costs[0].length, largest = Math.max.apply(null, costs.map(function (row) { return Math.max.apply(null, row); })) || 1;
  const unit = costs[0].map(function (_, y) { return costs[0].map(function (__, k) { return k === y ? -1 : 0; }); });
  const pairs = [], laws = new Set();
  costs.forEach(function (row, r) {
    const rows = costs.filter(function (_, k) { return k !== r; }).map(function (other) {
      return row.map(function (x, y) { return (x - other[y]) / largest; });
    });
    const corners = cornersOf(rows.concat(unit), n);
    costs.forEach(function (other, k) {
      const d = row.map(function (x, y) { return x - other[y]; }), most = Math.max.apply(null, d);
      if (k === r || most <= 0 || corners.length === 0) return;
      const law = corners.map(function (q) {
        return q.map(function (x, y) { return d[y].toFixed(9) + ":" + x.toFixed(9); }).sort().join(" ");
      }).sort().join("|");
      if (!laws.has(law)) { laws.add(law); pairs.push({ r: r, k: k, d: d, corners: corners, most: most }); }
    });
  });
  return pairs;
}

// V(lam) of a pair as its logarithm, lam times `top` plus `rest`, with top the greatest d that the corner q which attains it gives
// mass to; and the mean of d under q exp(lam d).
function moment(pair, lam) {
  let found = { log: -Infinity };
  pair.corners.forEach(function (q) {
    let sum = 0, mean = 0, top = -Infinity;
    q.forEach(function (x, y) { if (x > 0) top = Math.max(top, pair.d[y]); });
    q.forEach(function (x, y) { const w = x > 0 ? x * Math.exp(lam * (pair.d[y] - top)) : 0; sum += w; mean += w * pair.d[y]; });
    const rest = Math.log(sum), log = rest + lam * top;
    if (log > found.log) found = { log: log, rest: rest, top: top, mean: mean / sum, q: q };
  });
  return found;
}

// lam b - log V(lam), without the large terms that cancel.
function conjugate(found, lam, b) { return Math.max(0, lam * (b - found.top) - found.rest); }

// Where the increasing function `of` passes `level`: the two ends of the last interval of a bisection on [0, top].
function crossing(of, level, top) {
  let low = 0, high = top;
  for (let step = 0; step < 60 && high - low > 1e-15 * high; step += 1) {
    const middle = (low + high) / 2;
    if (of(middle) > level) high = middle; else low = middle;
  }
  return [low, high];
}

// Beyond this multiplier, times the greatest cost, nothing changes that a double can hold.
const STEEP = 3000;

// T of a pair at b, with the multiplier.
function pairValue(pair, b) {
  const ends = crossing(function (lam) { return moment(pair, lam).mean; }, b, STEEP / pair.most);
  return { value: conjugate(moment(pair, ends[0]), ends[0], b), ends: ends, pair: pair };
}

// The target of a cost matrix: T, its envelope and Gamma, the worst case, and the largest target regret.
function costTarget(costs) {
  const pairs = costPairs(costs), n = costs[0].length;
  const most = Math.max.apply(null, costs[0].map(function (_, y) {
    const column = costs.map(function (row) { return row[y]; });
    return Math.max.apply(null, column) - Math.min.apply(null, column);
  }));
  const best = function (b) {
    let found = { value: Infinity };
    pairs.forEach(function (pair) {
      if (b > pair.most * (1 + 1e-12)) return;
      const here = pairValue(pair, Math.min(b, pair.most));
      if (here.value < found.value) found = here;
    });
    return found;
  };
  const hardest = function (lam) { // the largest log V of all pairs: its conjugate is the envelope
    let found = { log: -Infinity };
    pairs.forEach(function (pair) { const here = moment(pair, lam); if (here.log > found.log) found = here; });
    return found;
  };
  const top = STEEP / most;
  return {
    most: most, n: n,
    T: function (b) { return b === 0 ? 0 : best(b).value; },
    envelope: function (b) {
      const lam = crossing(function (x) { return hardest(x).mean; }, b, top)[0];
      return conjugate(hardest(lam), lam, b);
    },
    gamma: function (excess) {
      if (excess === 0) return 0;
      const lam = crossing(function (x) { const h = hardest(x); return x * h.mean - h.log; }, excess, top)[1];
      return Math.min(most, (excess + hardest(lam).log + SLACK) / lam);
    },
    worst: function (b) { // p proportional to q exp(lam d), with q between two corners so that the regret is b
      if (b === 0) return null;
      const found = best(b), pair = found.pair;
      const ends = found.ends.map(function (lam) {
        const at = moment(pair, lam);
        at.p = at.q.map(function (x, y) { return x > 0 ? x * Math.exp(lam * (pair.d[y] - at.top) - at.rest) : 0; });
        return at;
      });
      const low = ends[0], high = ends[1], mixed = function (a, b, w) {
        return a.map(function (x, y) { return (1 - w) * x + w * b[y]; });
      };
      const share = high.mean > low.mean ? Math.min(1, Math.max(0, (b - low.mean) / (high.mean - low.mean))) : 0;
      const weight = share * Math.exp(low.log - high.log);
      return {
        p: mixed(low.p, high.p, share), q: mixed(low.q, high.q, weight / (1 - share + weight)), predicted: pair.r, best: pair.k
      };
    }
  };
}
