// Plots as text of SVG, on the page in the colours of its theme, in saved pictures in those of paper.

const PALETTES = {
  light: { page: "#ffffff", text: "#111111", faint: "#e0e0e0", exact: "#0072B2", envelope: "#333333", published: "#D55E00" },
  dark: { page: "#14181d", text: "#f0f0f0", faint: "#3a4048", exact: "#56B4E9", envelope: "#d0d0d0", published: "#E69F00" }
};

function Plot(colours, xmax, ymax, xlabel, places) {
  const left = 52, bottom = 270, width = 332, height = 252, parts = [];
  const px = function (x) { return left + width * x / xmax; }, py = function (y) { return bottom - height * y / ymax; };
  function line(x1, y1, x2, y2, colour, w) {
    parts.push("<line x1='" + x1 + "' y1='" + y1 + "' x2='" + x2 + "' y2='" + y2 + "' stroke='" + colour + "' stroke-width='" + w + "'/>");
  }
  function text(x, y, words, anchor, size) {
    parts.push("<text x='" + x + "' y='" + y + "' font-size='" + (size || 14) + "' text-anchor='" + anchor + "' fill='" + colours.text + "'>" + words + "</text>");
  }
  if (!places) {
    ticks(xmax).forEach(function (x) {
      line(px(x), bottom, px(x), bottom - height, colours.faint, 1);
      text(px(x), bottom + 16, Number(x.toPrecision(3)), "middle");
    });
  }
  ticks(ymax).forEach(function (y) {
    line(left, py(y), left + width, py(y), colours.faint, 1);
    text(left - 6, py(y) + 4, Number(y.toPrecision(3)), "end");
  });
  line(left, bottom, left + width, bottom, colours.text, 1);
  line(left, bottom, left, bottom - height, colours.text, 1);
  text(left + width / 2, 306, xlabel, "middle", 15);
  return {
    curve: function (points, colour, dash, w) {
      const shown = points.filter(function (q) { return isFinite(q[1]) && q[1] <= 1.0001 * ymax && q[0] <= 1.0001 * xmax; });
      const path = shown.map(function (q) { return px(q[0]).toFixed(2) + "," + py(q[1]).toFixed(2); }).join(" ");
      parts.push("<polyline fill='none' stroke='" + colour + "' stroke-width='" + (w || 2.2) + "' stroke-dasharray='" + (dash || "none") + "' points='" + path + "'/>");
    },
    point: function (x, y) {
      parts.push("<circle r='5' fill='" + colours.page + "' stroke='" + colours.text + "' stroke-width='2' cx='" + px(x) + "' cy='" + py(y) + "'/>");
    },
    bar: function (x, w, y, filled) {
      parts.push("<rect x='" + px(x) + "' width='" + width * w / xmax + "' y='" + py(y) + "' height='" + (bottom - py(y)) + "' fill='" + (filled ? colours.exact : colours.page) + "' stroke='" + colours.exact + "' stroke-width='1.5'/>");
    },
    arrow: function (x) { parts.push("<path d='M" + (px(x) - 7) + "," + (bottom + 15) + " h14 l-7,-11 z' fill='" + colours.text + "'/>"); },
    level: function (x, w, y) { line(px(x), py(y), px(x + w), py(y), colours.published, 3); },
    place: function (x, words) { text(px(x), bottom + 16, words, "middle"); },
    legend: function (entries) {
      entries.forEach(function (e, i) {
        const y = 30 + 19 * i;
        parts.push("<line x1='62' x2='92' y1='" + y + "' y2='" + y + "' stroke='" + e[1] + "' stroke-width='2.2' stroke-dasharray='" + (e[2] || "none") + "'/>");
        text(98, y + 4, e[0], "start");
      });
    },
    svg: function () { return parts.join(""); }
  };
}

function ticks(max) {
  const raw = max / 5, power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 2.5, 5, 10].map(function (s) { return s * power; }).find(function (s) { return s >= raw * 0.999; });
  const found = [];
  for (let i = 0; i * step <= max * 1.0001; i += 1) found.push(i * step);
  return found;
}

// The three plots of a view as SVG: T, Gamma, the worst case.
function plots(view, colours) {
  const first = Plot(colours, view.most, 1.12 * view.end, "target regret \u03b2");
  const second = Plot(colours, 1.05 * view.end, 1.05 * view.most, "surrogate excess");
  const across = function (points) { return points.map(function (q) { return [q[1], q[0]]; }); };
  const legend = [[view.name || "exact", colours.exact]];
  if (view.paper) {
    first.curve(view.paper, colours.published, "7 4");
    second.curve(across(hull(view.paper)).concat([[view.end, 1]]), colours.published, "7 4");
    legend.push(["published", colours.published, "7 4"]);
  }
  first.curve(view.points, colours.exact, "", 2.8);
  first.curve(view.hull, colours.envelope, "2 3", 1.6);
  first.point(view.beta, view.atBeta);
  first.legend(legend.concat([["convex envelope", colours.envelope, "2 3"]]));
  second.curve(across(view.hull), colours.exact, "", 2.8);
  second.point(view.excess, view.atExcess);
  const worst = view.worst, bars = worst.p.slice(0, 12), few = worst.p.length <= 12;
  const note = worst.q ? "label; line: forecast" : (few ? "label" : "first 12 labels") + "; \u25b2 predicted; filled: tied at the top";
  const third = Plot(colours, Math.max(bars.length, 2), 1, note, true);
  bars.forEach(function (value, i) {
    third.bar(i + 0.15, 0.7, value, worst.q ? true : i < worst.tied);
    if (worst.q) { third.level(i + 0.05, 0.9, worst.q[i]); third.place(i + 0.5, i + 1); }
    else if (i === 1) third.arrow(i + 0.5);
  });
  return [first.svg(), second.svg(), third.svg()];
}

// One picture of all three, with its titles and words, for a file.
function wholePicture(view, titles) {
  const colours = PALETTES.light, escaped = function (s) { return s.replace(/&/g, "&amp;").replace(/</g, "&lt;"); };
  const body = plots(view, colours).map(function (svg, i) {
    return "<g transform='translate(" + 410 * i + ",58)'><text x='52' y='2' font-size='15' font-weight='bold' fill='" + colours.text + "'>" + escaped(titles[i]) + "</text>" + svg + "</g>";
  });
  const lines = [view.words[0]]; // the title, then lines that fit
  view.words.slice(1).forEach(function (said) { (said.match(/.{1,140}(\s|$)/g) || []).forEach(function (line) { lines.push(line.trim()); }); });
  const words = lines.map(function (line, i) {
    return "<text x='20' y='" + (i ? 400 + 20 * i : 24) + "' font-size='" + (i ? 14 : 17) + "' fill='" + colours.text + "'>" + escaped(line) + "</text>";
  });
  const height = 400 + 20 * lines.length;
  return "<svg xmlns='http" + "://www.w3.org/2000/svg' width='1240' height='" + height + "' viewBox='0 0 1240 " + height + "' font-family='DejaVu Sans, Verdana, sans-serif'>" +
    "<rect width='1240' height='" + height + "' fill='" + colours.page + "'/>" + body.join("") + words.join("") + "</svg>";
}

function saved(blob, name) {
  const link = document.createElement("a"), address = URL.createObjectURL(blob);
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(function () { URL.revokeObjectURL(address); }, 10000);
}

function savePicture(view, titles, png) {
  const text = wholePicture(view, titles);
  if (!png) { saved(new Blob([text], { type: "image/svg+xml" }), "hconsist.svg"); return; }
  const image = new Image();
  image.onload = function () {
    const canvas = document.createElement("canvas");
    canvas.width = 2 * image.width;
    canvas.height = 2 * image.height;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(function (blob) { saved(blob, "hconsist.png"); }, "image/png");
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
}
