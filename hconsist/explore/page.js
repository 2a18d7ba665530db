"use strict";
// compSum, published, BINARY and LDR above are printed by the package; nothing below knows a formula of a loss, but for the
// minimum over pools, which has no closed form.

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
      for (let step = 0; step < 60; step += 1) {
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

// A closed form at beta in [0, 1]: 0 at 0, and the limit at 1, where 0 log 0 is not a number to a computer.
function atEnds(f, b) {
  if (b === 0) return 0;
  const value = f(b);
  return b === 1 && !isFinite(value) ? f(1 - 1e-13) : value;
}

const LAMBDAS = [0.25, 0.5, 1, 2], MARGINS = [0, 0.5, 1, 2], CLASSES = [2, 3, 5, 10];
const state = { family: "comp-sum" };
const byId = function (id) { return document.getElementById(id); };
const number = function (id) { return Number(byId(id).value); };

// What is drawn: T on a grid (null where unknown), the published T, and the distribution at one beta.
function current() {
  if (state.family === "comp-sum") {
    const tau = number("tau"), n = number("n");
    return {
      grid: uniform(200), T: function (b) { return atEnds(function (x) { return compSum(tau, n, x); }, b); },
      published: function (b) { return atEnds(function (x) { return published(tau, n, x); }, b); },
      p: function (b) { return compSumWorst(tau, n, b); },
      status: tau <= 1.5 ? "Closed form, proven: two labels decide, whatever n." : tau < 2
        ? "Pools of labels: the bound is proven; T itself is the least over pools." : "Closed form, proven."
    };
  }
  if (state.family === "binary") {
    const B = number("B"), loss = BINARY[byId("loss").value];
    return {
      grid: uniform(200), T: function (b) { return atEnds(function (x) { return loss.T(B, x); }, b); },
      p: function (b) { return { p: [(1 + b) / 2, (1 - b) / 2], tied: 2 }; },
      status: "Closed form, proven; scores in [-B, B]."
    };
  }
  const lambda = LAMBDAS[number("lambda")], ratio = MARGINS[number("c")] / lambda, n = CLASSES[number("m")];
  const table = LDR[ratio.toFixed(ratio === Math.round(ratio) ? 1 : 2).replace(/(\.\d)0$/, "$1")][n];
  const at = function (b) { return Math.round(20 * b); };
  return {
    grid: uniform(20).filter(function (b) { return table.T[at(b)] !== null; }),
    T: function (b) { const value = table.T[at(b)]; return value === null ? NaN : lambda * value; },
    p: function (b) { return { p: table.p[at(b)] || [], tied: 0 }; },
    name: "estimate",
    status: "Estimates by optimisation, computed when the package was made; nothing is proven here."
  };
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

function uniform(steps) { return Array.from({ length: steps + 1 }, function (_, i) { return i / steps; }); }

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

function show(id, value) { byId(id).textContent = isFinite(value) ? Number(value.toPrecision(10)) : "not known"; }

function update() {
  const now = current(), beta = number("beta");
  const points = now.grid.map(function (b) { return [b, now.T(b)]; });
  const envelope = hull(points), end = points[points.length - 1][1], excess = number("excess") * end;
  const paper = now.published ? now.grid.map(function (b) { return [b, now.published(b)]; }) : [];
  const gamma = interpolate(envelope, excess, 1, 0);
  ["tau", "n", "B", "beta", "excess"].forEach(function (id) { byId(id + "-shown").textContent = byId(id).value; });
  byId("lambda-shown").textContent = LAMBDAS[number("lambda")];
  byId("c-shown").textContent = MARGINS[number("c")];
  byId("m-shown").textContent = CLASSES[number("m")];
  byId("status").textContent = now.status;
  show("value-T", now.T(beta));
  show("value-envelope", interpolate(envelope, beta, 0, 1));
  show("value-excess", excess);
  show("value-gamma", gamma);
  if (now.published) {
    show("value-published", now.published(beta));
    show("value-gamma-published", interpolate(hull(paper), excess, 1, 0));
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
  bars.forEach(function (value, i) { third.bar(i + 0.15, 0.7, value, worst.tied === 0 || i < worst.tied, i === 1); });
  third.draw();
  byId("plot-p").innerHTML += "<text x='218' y='306' font-size='15' text-anchor='middle'>" +
    (worst.p.length > 12 ? "first 12 labels" : "label") + "; &#9650; predicted" +
    (worst.tied ? "; filled: tied at the top" : "") + "</text>";
  byId("plot-p").querySelectorAll("text").forEach(function (t, i) { if (t.getAttribute("y") === "286") t.remove(); });
  byId("plot-p").dataset.p = JSON.stringify(worst.p);
}

function choose(family) {
  state.family = family;
  ["comp-sum", "binary", "ldr"].forEach(function (name) {
    byId("family-" + name).setAttribute("aria-pressed", String(name === family));
    document.querySelectorAll("." + name).forEach(function (node) { node.classList.toggle("hidden", name !== family); });
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
