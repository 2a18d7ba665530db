// The page: its families of losses, its controls, and the state that its link holds.

const byId = function (id) { return document.getElementById(id); };
const number = function (id) { return Number(byId(id).value); };
const FAMILIES = ["comp-sum", "binary", "ldr", "costs"];
const CONTROLS = ["loss", "tau", "n", "lambda", "c", "B", "target", "labels", "reject", "accuracy1", "other1", "experts", "accuracy2",
  "other2", "w1", "w2", "w3", "costs", "beta", "excess"];
const state = { family: "comp-sum", view: null, costs: null, found: null };

// What is drawn of a family: T on [0, most], its envelope and Gamma, the worst case at beta, and what may be said of them. Where T is
// convex all of them are read off its formula; else the envelope is that of points, refined where it is asked for.
function zeroOne(family) {
  const points = family.grid.map(function (b) { return [b, family.T(b)]; });
  return Object.assign({
    most: 1, slack: SLACK,
    envelope: family.convex ? family.T : function (b) { return refined(family.T, points, b, 0, 1); },
    gamma: function (excess) {
      if (family.convex) return inverse(family.T, excess);
      return excess >= family.T(1) ? 1 : refined(family.T, points, excess, 1, 0);
    }
  }, family);
}

function compSumFamily() {
  const tau = number("tau"), n = number("n");
  return zeroOne({
    grid: towardsZero(tau > 1.5 && tau < 2 ? 100 : 200).concat(tau < 2 ? [] : corners(n)).sort(function (a, b) { return a - b; }),
    convex: tau <= 1.5,
    T: function (b) { return atEnds(function (x) { return compSum(tau, n, x); }, b); },
    published: function (b) { return atEnds(function (x) { return published(tau, n, x); }, b); },
    worst: function (b) { return compSumWorst(tau, n, b); },
    name: tau > 1.5 && tau < 2 ? "least over pools" : "exact",
    title: memberName(tau) + ", " + n + " classes",
    status: memberName(tau) + ". " + (tau <= 1.5 ? "Closed form, proven: two labels decide, whatever n." : tau < 2
      ? "Pools of labels: the formula of the envelope is proven; the numbers here are estimates, the least over pools on a grid."
      : "Closed form, proven.")
  });
}

function memberName(tau) {
  const names = { 0: "Sum-exponential loss", 1: "Cross-entropy", 2: "Mean absolute error" };
  if (names[tau]) return names[tau];
  return tau > 1 && tau < 2 ? "Generalized cross-entropy, q = " + Number((tau - 1).toFixed(2)) : "Comp-sum loss, \u03c4 = " + tau;
}

function binaryFamily() {
  const B = number("B"), loss = BINARY[byId("loss").value];
  return zeroOne({
    grid: towardsZero(200), convex: true, T: function (b) { return atEnds(function (x) { return loss.T(B, x); }, b); },
    worst: function (b) { return { p: [(1 + b) / 2, (1 - b) / 2], tied: 2 }; },
    title: "The " + loss.name + " loss, two classes, scores in [\u2212" + B + ", " + B + "]",
    status: "Closed form, proven; scores in [-B, B]."
  });
}

function ldrFamily() {
  const lambda = number("lambda"), c = number("c"), n = number("n"), r = Math.exp(c / lambda), known = new Map();
  const proven = 1 - 1 / r <= (3 - Math.sqrt(3)) / 6; // then two labels decide, and on their line T is convex
  const least = function (b) {
    if (!known.has(b)) known.set(b, ldrMinimum(r, proven ? 2 : n, b));
    return known.get(b);
  };
  return zeroOne({
    grid: towardsZero(80), convex: proven, slack: 1e-13, T: function (b) { return lambda * least(b).value; },
    worst: function (b) {
      const best = least(b), p = new Array(n).fill(0);
      for (let i = 0; i < best.k; i += 1) p[i] = i === 0 ? best.x + b : i === 1 ? best.x : best.y;
      return { p: p, tied: best.tied };
    },
    name: proven ? "exact" : "estimate",
    title: "LDR margin, \u03bb = " + lambda + ", c = " + c + ", " + n + " classes",
    status: proven ? "A small margin: two labels decide, proven, whatever n."
      : "An estimate, computed in this page: the least regret found over p = (x + \u03b2, x, y, \u2026, y) on at most five labels. Nothing is proven here."
  });
}

// Cost matrices by the name of the target, and what their predictions are called.
const TARGETS = {
  abstain: function () {
    return { costs: wrong(number("labels")).concat([new Array(number("labels")).fill(number("reject"))]), extra: ["reject"], title: "abstention at cost " + number("reject") };
  },
  defer: function () {
    const n = number("labels"), expert = function (at, accuracy, other) {
      return Array.from({ length: n }, function (_, y) { return 1 - number(y === at ? accuracy : other); });
    };
    const experts = [expert(0, "accuracy1", "other1"), expert(n - 1, "accuracy2", "other2")].slice(0, number("experts"));
    return { costs: wrong(n).concat(experts), extra: ["expert 1", "expert 2"], title: "deferral to " + experts.length + (experts.length > 1 ? " experts" : " expert") };
  },
  weights: function () {
    const w = [number("w1"), number("w2"), number("w3")];
    return { costs: wrong(3).map(function (row) { return row.map(function (x, y) { return x * w[y]; }); }), extra: [], title: "label weights " + w.join(", ") };
  },
  absolute: function () { return { costs: apart(number("labels"), 1), extra: [], title: "ordinal labels, absolute costs" }; },
  squared: function () { return { costs: apart(number("labels"), 2), extra: [], title: "ordinal labels, squared costs" }; },
  own: function () { return { costs: readCosts(byId("costs").value), extra: [], title: "costs of your own" }; }
};

function wrong(n) { return Array.from({ length: n }, function (_, r) { return Array.from({ length: n }, function (__, y) { return r === y ? 0 : 1; }); }); }
function apart(n, power) { return Array.from({ length: n }, function (_, r) { return Array.from({ length: n }, function (__, y) { return Math.pow(Math.abs(r - y), power); }); }); }

// A cost matrix from text; what is wrong with it is thrown in words.
function readCosts(text) {
  const rows = text.split(";").map(function (row) { return row.trim().split(/[\s,]+/).filter(Boolean); }).filter(function (row) { return row.length; });
  const costs = rows.map(function (row) {
    return row.map(function (entry) {
      if (!/^-?\d+(\.\d+)?(\/\d+(\.\d+)?)?$/.test(entry)) throw new Error("A cost is a number such as 2, 0.3 or 1/3, not \u201c" + entry.slice(0, 20) + "\u201d.");
      const parts = entry.split("/").map(Number), value = parts.length > 1 ? parts[0] / parts[1] : parts[0];
      if (!(Math.abs(value) <= 1000)) throw new Error("A cost is at most 1000.");
      return value;
    });
  });
  if (costs.length < 2 || costs.length > 6) throw new Error("There are 2 to 6 predictions: a row for each, with ; between them.");
  if (costs.some(function (row) { return row.length !== costs[0].length; })) throw new Error("Every row needs as many costs as there are labels.");
  if (costs[0].length < 2 || costs[0].length > 4) throw new Error("There are 2 to 4 labels: that many costs in each row.");
  if (costs[0].every(function (_, y) { return costs.every(function (row) { return row[y] === costs[0][y]; }); })) throw new Error("All predictions cost the same: there is no regret.");
  return costs;
}

function costsFamily() {
  const chosen = TARGETS[byId("target").value](), key = JSON.stringify(chosen.costs), n = chosen.costs[0].length;
  if (state.costs !== key) { state.found = costTarget(chosen.costs); state.costs = key; }
  const found = state.found, name = function (r) { return r < n || !chosen.extra.length ? String(r + 1) : chosen.extra[r - n]; };
  return {
    most: found.most, slack: 1e-12 * Math.max(1, found.most), T: found.T, envelope: found.envelope, gamma: found.gamma,
    grid: towardsZero(80).map(function (s) { return s * found.most; }),
    worst: function (b) {
      const at = found.worst(b);
      if (at === null) return { p: new Array(n).fill(1 / n), q: new Array(n).fill(1 / n), said: "" };
      return { p: at.p, q: at.q, said: " Worst case: the forecast leads to the prediction " + name(at.predicted) + ", the best is " + name(at.best) + "." };
    },
    title: "Cross-entropy, " + chosen.title + ", " + n + " labels",
    status: "Cross-entropy forecasts, predictions of least expected cost. The formula is proven (theorem 1 on targets), and every multiplier gives a bound: it is evaluated in floating point and rounded to the safe side."
  };
}

const MAKERS = { "comp-sum": compSumFamily, binary: binaryFamily, ldr: ldrFamily, costs: costsFamily };

// Which controls a family has, in the markup: data-for="costs:abstain" is shown for that target alone.
function wanted(node) {
  const words = node.dataset.for.split(" ");
  return words.includes(state.family) || words.includes(state.family + ":" + byId("target").value);
}

// A lower bound (side -1) or an upper bound (side 1) as a number that is one, also after what rounding did to it.
function safe(value, side, slack, most) {
  const moved = side < 0 ? Math.max(0, value - slack) : side > 0 ? Math.min(most, value + slack) : value;
  return isFinite(value) ? rounded(moved, side) : "not known";
}

function show(id, text) { byId(id).textContent = text; return text; }

function draw() {
  let family;
  try {
    family = MAKERS[state.family]();
    byId("problem").textContent = "";
    byId("costs").removeAttribute("aria-invalid");
  } catch (problem) { // a cost matrix that is none: the last picture stays
    byId("problem").textContent = problem.message;
    byId("costs").setAttribute("aria-invalid", "true");
    return;
  }
  const slider = byId("beta");
  slider.max = family.most;
  slider.step = family.most / 100;
  const beta = Math.min(number("beta"), family.most);
  const grid = Array.from(new Set(family.grid.concat([beta]))).sort(function (a, b) { return a - b; });
  const points = grid.map(function (b) { return [b, family.T(b)]; });
  const end = points[points.length - 1][1], excess = rounded(number("excess") * end, 0);
  const view = {
    most: family.most, end: end, points: points, name: family.name, beta: beta, excess: excess, worst: family.worst(beta),
    hull: state.family === "costs" ? grid.map(function (b) { return [b, family.envelope(b)]; }) : hull(points),
    atBeta: family.T(beta), atExcess: family.gamma(excess),
    paper: family.published ? grid.map(function (b) { return [b, family.published(b)]; }) : null
  };
  const one = function (value, side) { return safe(value, side, family.slack, family.most); };
  const T = show("value-T", one(view.atBeta, -1)), gamma = show("value-gamma", one(view.atExcess, 1));
  show("value-envelope", one(Math.min(view.atBeta, family.envelope(beta)), -1)); // below T, also after rounding
  show("value-excess", excess);
  if (family.published) {
    show("value-published", one(family.published(beta), -1));
    show("value-gamma-published", one(inverse(family.published, excess), 1));
  }
  document.querySelectorAll("input[type=range]").forEach(function (input) {
    const shown = Number(Number(input.value).toPrecision(6));
    byId(input.id + "-shown").textContent = shown;
    input.setAttribute("aria-valuetext", String(shown));
  });
  show("status", family.status + (view.worst.said || ""));
  view.words = [family.title, "At target regret " + beta + " the surrogate regret is " + (family.name === "estimate" || family.name === "least over pools" ? "about " : "at least ") + T +
    ". At surrogate excess " + excess + " the target excess is at most " + gamma + ".", family.status];
  state.view = view;
  const drawn = plots(view, PALETTES[dark() ? "dark" : "light"]);
  ["plot-T", "plot-gamma", "plot-p"].forEach(function (id, i) { byId(id).innerHTML = drawn[i]; });
  byId("plot-T").setAttribute("aria-label", "T against the target regret: 0 at 0, " + T + " at " + beta + ", " + one(end, -1) + " at " + family.most);
  byId("plot-gamma").setAttribute("aria-label", "The bound against the surrogate excess: " + gamma + " at " + excess);
  byId("plot-p").setAttribute("aria-label", "Worst-case label distribution: " + view.worst.p.slice(0, 12).map(function (x) { return Number(x.toFixed(4)); }).join(", ") + (view.worst.p.length > 12 ? ", \u2026" : ""));
  byId("plot-p").dataset.p = JSON.stringify(view.worst.p);
  if (byId("curve").closest("details").open) {
    byId("curve").replaceChildren.apply(byId("curve"), Array.from({ length: 11 }, function (_, i) {
      const b = family.most * i / 10, row = document.createElement("tr");
      [Number(b.toPrecision(6)), one(family.T(b), -1)].forEach(function (x) { row.insertCell().textContent = x; });
      return row;
    }));
  }
  announce(view.words[1]);
  remember();
}

// Said once the hand rests, so that a screen reader is not flooded.
let waiting = 0;
function announce(words) {
  clearTimeout(waiting);
  waiting = setTimeout(function () { byId("said").textContent = words; }, 500);
}

// The state in the address, so that a link holds it: what is not on show is left out.
function remember() {
  const words = ["family=" + state.family];
  CONTROLS.forEach(function (id) {
    const holder = byId(id).closest("[data-for]");
    if (!holder || wanted(holder)) words.push(id + "=" + encodeURIComponent(byId(id).value));
  });
  if (byId("theme").value !== "system") words.push("theme=" + byId("theme").value);
  const address = "#" + words.join("&");
  if (location.hash !== address) history.replaceState(null, "", address);
}

// What an address says, where it can be said: unknown names and values that no control takes are passed over.
function recall() {
  location.hash.slice(1).split("&").forEach(function (word) {
    const at = word.indexOf("="), id = word.slice(0, at), input = CONTROLS.includes(id) || id === "theme" ? byId(id) : null;
    let value;
    try { value = decodeURIComponent(word.slice(at + 1)); } catch (problem) { return; }
    if (id === "family" && FAMILIES.includes(value)) state.family = value;
    if (input === null || (input.type === "range" && (value.trim() === "" || !isFinite(Number(value))))) return;
    if (input.tagName === "SELECT" && !Array.from(input.options).some(function (o) { return o.value === value; })) return;
    if (id === "beta") { input.max = 1e9; input.step = "any"; } // the family sets them when it is drawn
    input.value = value.slice(0, 200);
  });
  choose(state.family);
}

function dark() {
  const theme = byId("theme").value;
  return theme === "dark" || (theme === "system" && window.matchMedia("(prefers-color-scheme: dark)").matches);
}

function update() {
  document.documentElement.dataset.theme = dark() ? "dark" : "light";
  document.querySelectorAll("[data-for]").forEach(function (node) { node.classList.toggle("hidden", !wanted(node)); });
  draw();
}

function choose(family) {
  state.family = family;
  FAMILIES.forEach(function (name) { byId("family-" + name).setAttribute("aria-pressed", String(name === family)); });
  update();
}

Object.keys(BINARY).forEach(function (spec) {
  const option = document.createElement("option");
  option.value = spec;
  option.textContent = BINARY[spec].name;
  byId("loss").append(option);
});
FAMILIES.forEach(function (name) { byId("family-" + name).addEventListener("click", function () { choose(name); }); });
byId("controls").addEventListener("input", update);
byId("theme").addEventListener("input", update);
byId("curve").closest("details").addEventListener("toggle", update);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
window.addEventListener("hashchange", recall);
["svg", "png"].forEach(function (kind) {
  byId("save-" + kind).addEventListener("click", function () {
    const titles = Array.from(document.querySelectorAll("figcaption")).map(function (node) { return node.textContent; });
    savePicture(state.view, titles, kind === "png");
  });
});
recall();
