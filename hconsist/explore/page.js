"use strict";
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

const state = { family: "comp-sum" };
const byId = function (id) { return document.getElementById(id); };
const number = function (id) { return Number(byId(id).value); };

// What is drawn: T on a grid (null where unknown), the published T, and the distribution at one beta.
function current() {
  if (state.family === "comp-sum") {
    const tau = number("tau"), n = number("n");
    return {
      grid: towardsZero(tau > 1.5 && tau < 2 ? 100 : 200).concat(tau < 2 ? [] : corners(n)), convex: tau <= 1.5,
      T: function (b) { return atEnds(function (x) { return compSum(tau, n, x); }, b); },
      published: function (b) { return atEnds(function (x) { return published(tau, n, x); }, b); },
      p: function (b) { return compSumWorst(tau, n, b); },
      name: tau > 1.5 && tau < 2 ? "least over pools" : "exact",
      status: memberName(tau) + ". " + (tau <= 1.5 ? "Closed form, proven: two labels decide, whatever n." : tau < 2
        ? "Pools of labels: the formula of the envelope is proven; the numbers here are estimates, the least over pools on a grid."
        : "Closed form, proven.")
    };
  }
  if (state.family === "binary") {
    const B = number("B"), loss = BINARY[byId("loss").value];
    return {
      grid: towardsZero(200), convex: true, T: function (b) { return atEnds(function (x) { return loss.T(B, x); }, b); },
      p: function (b) { return { p: [(1 + b) / 2, (1 - b) / 2], tied: 2 }; },
      status: "Closed form, proven; scores in [-B, B]."
    };
  }
  const lambda = number("lambda"), c = number("c"), n = number("n"), r = Math.exp(c / lambda), known = new Map();
  const least = function (b) {
    if (!known.has(b)) known.set(b, ldrMinimum(r, n, b));
    return known.get(b);
  };
  const proven = 1 - 1 / r <= (3 - Math.sqrt(3)) / 6;
  return {
    grid: towardsZero(80), T: function (b) { return lambda * least(b).value; },
    p: function (b) {
      const best = least(b), p = new Array(n).fill(0);
      for (let i = 0; i < best.k; i += 1) p[i] = i === 0 ? best.x + b : i === 1 ? best.x : best.y;
      return { p: p, tied: best.tied };
    },
    name: proven ? "exact" : "estimate",
    status: proven ? "A small margin: two labels decide, proven, whatever n. \u0393 is an estimate: it is read off a grid."
      : "An estimate, computed in this page: the least regret found over p = (x + \u03b2, x, y, \u2026, y) on at most five labels. Nothing is proven here."
  };
}

function memberName(tau) {
  const names = { 0: "Sum-exponential loss", 1: "Cross-entropy", 2: "Mean absolute error" };
  if (names[tau]) return names[tau];
  return tau > 1 && tau < 2 ? "Generalized cross-entropy, q = " + Number((tau - 1).toFixed(2)) : "Comp-sum loss, \u03c4 = " + tau;
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

const COLOUR = { exact: "#0072B2", envelope: "#333333", published: "#D55E00", point: "#000000" };

function Plot(id, xmax, ymax, xlabel, ylabel) {
  const left = 52, bottom = 270, width = 332, height = 252, parts = [];
  const px = function (x) { return left + width * x / xmax; }, py = function (y) { return bottom - height * y / ymax; };
  ticks(xmax).forEach(function (x) {
    parts.push(line(px(x), bottom, px(x), bottom - height, "#e0e0e0", 1), text(px(x), bottom + 16, x, "middle"));
  });
  ticks(ymax).forEach(function (y) {
    parts.push(line(left, py(y), left + width, py(y), "#e0e0e0", 1), text(left - 6, py(y) + 4, y, "end"));
  });
  parts.push(line(left, bottom, left + width, bottom, "#111", 1), line(left, bottom, left, bottom - height, "#111", 1));
  parts.push("<text x='" + (left + width / 2) + "' y='306' font-size='15' text-anchor='middle'>" + xlabel + "</text>");
  function line(x1, y1, x2, y2, colour, w) {
    return "<line x1='" + x1 + "' y1='" + y1 + "' x2='" + x2 + "' y2='" + y2 + "' stroke='" + colour + "' stroke-width='" + w + "'/>";
  }
  function text(x, y, value, anchor) {
    return "<text x='" + x + "' y='" + y + "' font-size='14' text-anchor='" + anchor + "'>" + Number(value.toPrecision(3)) + "</text>";
  }
  return {
    curve: function (points, colour, dash, w) {
      const shown = points.filter(function (q) { return isFinite(q[1]) && q[1] <= 1.0001 * ymax && q[0] <= 1.0001 * xmax; });
      const path = shown.map(function (q) { return px(q[0]).toFixed(2) + "," + py(q[1]).toFixed(2); }).join(" ");
      parts.push("<polyline fill='none' stroke='" + colour + "' stroke-width='" + (w || 2.2) + "' stroke-dasharray='" + (dash || "none") + "' points='" + path + "'/>");
    },
    point: function (x, y) { parts.push("<circle r='5' fill='#fff' stroke='#000' stroke-width='2' cx='" + px(x) + "' cy='" + py(y) + "'/>"); },
    bar: function (x, w, y, filled, marked) {
      parts.push("<rect x='" + px(x) + "' width='" + width * w / xmax + "' y='" + py(y) + "' height='" + (bottom - py(y)) + "' fill='" + (filled ? COLOUR.exact : "#fff") + "' stroke='" + COLOUR.exact + "' stroke-width='1.5'/>");
      if (marked) {
        const m = px(x + w / 2);
        parts.push("<path d='M" + (m - 7) + "," + (bottom + 15) + " h14 l-7,-11 z' fill='#000'/>");
      }
    },
    legend: function (entries) {
      entries.forEach(function (e, i) {
        const y = 30 + 19 * i;
        parts.push("<line x1='62' x2='92' y1='" + y + "' y2='" + y + "' stroke='" + e[1] + "' stroke-width='2.2' stroke-dasharray='" + (e[2] || "none") + "'/>");
        parts.push("<text x='98' y='" + (y + 4) + "' font-size='14'>" + e[0] + "</text>");
      });
    },
    draw: function () { byId(id).innerHTML = parts.join(""); }
  };
}

function ticks(max) {
  const raw = max / 5, power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 2.5, 5, 10].map(function (s) { return s * power; }).find(function (s) { return s >= raw * 0.999; });
  const found = [];
  for (let i = 0; i * step <= max * 1.0001; i += 1) found.push(i * step);
  return found;
}

// A lower bound (side -1) or an upper bound (side 1) as a number that is one, also after what rounding did to it.
function show(id, value, side) {
  const safe = side < 0 ? Math.max(0, value - SLACK) : side > 0 ? Math.min(1, value + SLACK) : value;
  byId(id).textContent = isFinite(value) ? rounded(safe, side) : "not known";
}

function update() {
  const now = current(), beta = number("beta");
  const grid = Array.from(new Set(now.grid.concat([beta]))).sort(function (a, b) { return a - b; });
  const points = grid.map(function (b) { return [b, now.T(b)]; });
  const envelope = hull(points), end = points[points.length - 1][1], excess = rounded(number("excess") * end, 0);
  const paper = now.published ? grid.map(function (b) { return [b, now.published(b)]; }) : [];
  const gamma = now.convex ? inverse(now.T, excess) : interpolate(envelope, excess, 1, 0);
  ["tau", "n", "lambda", "c", "B", "beta", "excess"].forEach(function (id) { byId(id + "-shown").textContent = byId(id).value; });
  byId("status").textContent = now.status;
  show("value-T", now.T(beta), -1);
  show("value-envelope", now.convex ? now.T(beta) : interpolate(envelope, beta, 0, 1), -1);
  show("value-excess", excess, 0);
  show("value-gamma", gamma, 1);
  if (now.published) {
    show("value-published", now.published(beta), -1);
    show("value-gamma-published", inverse(now.published, excess), 1);
  }
  const first = Plot("plot-T", 1, 1.12 * end, "target regret &#946;");
  const second = Plot("plot-gamma", 1.05 * end, 1.05, "surrogate excess");
  const legend = [[now.name || "exact", COLOUR.exact]];
  if (now.published) {
    first.curve(paper, COLOUR.published, "7 4");
    second.curve(hull(paper).map(function (q) { return [q[1], q[0]]; }).concat([[end, 1]]), COLOUR.published, "7 4");
    legend.push(["published", COLOUR.published, "7 4"]);
  }
  first.curve(points, COLOUR.exact, "", 2.8);
  first.curve(envelope, COLOUR.envelope, "2 3", 1.6);
  first.point(beta, now.T(beta));
  first.legend(legend.concat([["convex envelope", COLOUR.envelope, "2 3"]]));
  first.draw();
  second.curve(envelope.map(function (q) { return [q[1], q[0]]; }), COLOUR.exact, "", 2.8);
  second.point(excess, gamma);
  second.draw();
  const worst = now.p(beta), bars = worst.p.slice(0, 12), third = Plot("plot-p", Math.max(bars.length, 2), 1, "");
  bars.forEach(function (value, i) { third.bar(i + 0.15, 0.7, value, i < worst.tied, i === 1); });
  third.draw();
  byId("plot-p").innerHTML += "<text x='218' y='306' font-size='15' text-anchor='middle'>" +
    (worst.p.length > 12 ? "first 12 labels" : "label") + "; &#9650; predicted" +
    "; filled: tied at the top</text>";
  byId("plot-p").querySelectorAll("text").forEach(function (t, i) { if (t.getAttribute("y") === "286") t.remove(); });
  byId("plot-p").dataset.p = JSON.stringify(worst.p);
}

function choose(family) {
  state.family = family;
  ["comp-sum", "binary", "ldr"].forEach(function (name) {
    byId("family-" + name).setAttribute("aria-pressed", String(name === family));
  });
  document.querySelectorAll("[class]").forEach(function (node) {
    const wanted = ["comp-sum", "binary", "ldr"].filter(function (name) { return node.classList.contains(name); });
    if (wanted.length) node.classList.toggle("hidden", !wanted.includes(family));
  });
  update();
}

Object.keys(BINARY).forEach(function (spec) {
  const option = document.createElement("option");
  option.value = spec;
  option.textContent = BINARY[spec].name;
  byId("loss").append(option);
});
["comp-sum", "binary", "ldr"].forEach(function (name) {
  byId("family-" + name).addEventListener("click", function () { choose(name); });
});
byId("controls").addEventListener("input", update);
choose("comp-sum");
