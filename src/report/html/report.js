"use strict";
// The report's page. Its data stands in #data, written by src/report/html_data.cc; times are milliseconds since the
// start of the run:
//   run      id name server context began(epoch) parallel timeout verdict totals took toVerdict interrupted failures
//   tests[]  suite name verdict begin took namespace directory steps[] cleanup timeline[] leftOut[] files[]
//   steps[]  name file verdict begin took limit failures[]
//   failures[]  place message details[] expected found diff cause[]
//   timeline[]  [time, what, kind, name, text, wrong]; what: story warning wait appeared changed gone event log
//   files[]  step name path link text cut
//   history  runs tests[] slow[] advice[]
// Text of users only ever becomes a text node: nothing here builds HTML from strings.

const data = JSON.parse(document.getElementById("data").textContent);
const run = data.run;
const tests = data.tests;
const TICKS = { passed: "\u2713", failed: "\u2717", errored: "!", skipped: "-" };
const WORST_FIRST = ["failed", "errored", "passed", "skipped"];
const KINDS = {
  steps: ["story", "warning", "wait"], objects: ["appeared", "gone"], status: ["changed"], events: ["event"], logs: ["log"],
};
const CHUNK = 200; // lines of a long list that are made at once
const LANES = 24;  // objects that a timeline draws

const $ = (id) => document.getElementById(id);

// el("p", {class: "dim", onclick: f}, "text", node, ...): empty children are left out.
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(node.style, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function span(milliseconds) {
  if (milliseconds === undefined) return "";
  const seconds = milliseconds / 1000;
  if (seconds < 10) return seconds.toFixed(2) + " s";
  if (seconds < 120) return seconds.toFixed(1) + " s";
  return Math.floor(seconds / 60) + " min " + String(Math.round(seconds % 60)).padStart(2, "0") + " s";
}

const since = (milliseconds) => (milliseconds < 0 ? "-" : "+") + (Math.abs(milliseconds) / 1000).toFixed(3) + " s";
const clock = (milliseconds) => new Date(run.began + milliseconds).toISOString().replace("T", " ").replace("Z", " UTC");
const percent = (share) => (Math.max(0, Math.min(1, share)) * 100).toFixed(3) + "%";
const severalSuites = new Set(tests.map((test) => test.suite)).size > 1;
tests.forEach((test, index) => { test.id = "t" + index; });
const isBad = (test) => test.verdict === "failed" || test.verdict === "errored";

// ---- head

function showHead() {
  const theme = el("button", { type: "button", onclick: toggleTheme, title: "light or dark" }, "\u25D0 light / dark");
  $("head").append(
    el("h1", {}, run.name || "Test run"),
    el("span", { class: "verdict " + run.verdict }, run.interrupted ? "interrupted" : run.verdict),
    theme,
    el("div", { class: "meta" }, [
      `${tests.length} tests`, run.took === undefined ? "" : `in ${span(run.toVerdict)} (clean-up until ${span(run.took)})`,
      `${run.parallel} at a time`, `on ${run.server}${run.context ? ` (context ${run.context})` : ""}`,
      `began ${clock(0)}`, `run ${run.id}`,
    ].filter(Boolean).join(" \u00B7 ")));
  if (run.failures && run.failures.length) {
    $("problems").hidden = false;
    $("problems").append(el("h2", {}, "Outside of the tests"), run.failures.map(showFailure));
  }
}

function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

// ---- time

// About six round times between begin and end.
function axis(begin, end) {
  const length = Math.max(1, end - begin);
  const raw = length / 6;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
  const ticks = [];
  for (let at = Math.ceil(begin / step) * step; at <= end - step / 3; at += step) {
    const label = step >= 1000 ? at / 1000 + " s" : at + " ms";
    ticks.push(el("span", { style: { left: percent((at - begin) / length) } }, label));
  }
  return el("div", { class: "row axis" }, el("span", { class: "label" }), el("div", { class: "track" }, ticks));
}

// All tests on one clock, each in the first row that is free.
function showOverview() {
  const timed = tests.filter((test) => test.took > 0);
  if (timed.length < 2) return;
  const end = Math.max(...timed.map((test) => test.begin + test.took));
  const rows = [];
  timed.sort(ORDERS.begin);
  for (const test of timed) {
    let row = rows.find((each) => each.until <= test.begin);
    if (!row) rows.push(row = { until: 0, bars: [] });
    row.until = test.begin + test.took;
    row.bars.push(el("a", {
      class: "span " + test.verdict, href: "#" + test.id, tabindex: -1, title: `${test.name}: ${test.verdict}, ${span(test.took)}`,
      style: { left: percent(test.begin / end), width: percent(test.took / end) },
    }));
  }
  const strip = el("div", { class: "rows" }, rows.map((row) => el("div", { class: "row" }, el("div", { class: "track" }, row.bars))));
  const ruler = axis(0, end);
  ruler.firstChild.remove();
  strip.append(ruler);
  $("overview").append(el("h2", {}, "When each test ran"), strip);
  $("overview").hidden = false;
}

// ---- search and filter

const state = { verdict: "", words: "", order: "worst" };

// What the search looks at: names, files, messages, causes, objects; made when first asked for.
function haystack(test) {
  if (!test.haystack) {
    const parts = [test.suite, test.name, test.namespace];
    for (const each of [...test.steps, test.cleanup || {}]) {
      parts.push(each.name, each.file);
      for (const failure of each.failures || [])
        parts.push(failure.place, failure.message, ...(failure.details || []), ...(failure.cause || []), failure.diff);
    }
    for (const [, , kind, name, text] of test.timeline || []) parts.push(kind + " " + name, text);
    test.haystack = parts.filter(Boolean).join("\n").toLowerCase();
  }
  return test.haystack;
}

function showTools() {
  const counts = { "": tests.length };
  for (const test of tests) counts[test.verdict] = (counts[test.verdict] || 0) + 1;
  const search = el("input", {
    id: "search", type: "search", placeholder: "search names, files, failures, causes, objects, logs", "aria-label": "search",
    oninput: (event) => { state.words = event.target.value; apply(); },
  });
  const choices = ["", ...WORST_FIRST].filter((verdict) => counts[verdict]).map((verdict) => el("button", {
    type: "button", class: verdict, "data-verdict": verdict, "aria-pressed": String(verdict === ""),
    onclick: () => { state.verdict = verdict; apply(); },
  }, `${verdict ? TICKS[verdict] + " " + verdict : "all"} ${counts[verdict]}`));
  const order = el("select", { "aria-label": "order", onchange: (event) => { state.order = event.target.value; apply(); } },
    el("option", { value: "worst" }, "failed first"), el("option", { value: "name" }, "by name"),
    el("option", { value: "took" }, "slowest first"), el("option", { value: "begin" }, "as they ran"));
  $("tools").append(search, ...choices, order);
}

const ORDERS = {
  worst: (a, b) => WORST_FIRST.indexOf(a.verdict) - WORST_FIRST.indexOf(b.verdict) || ORDERS.name(a, b),
  name: (a, b) => a.suite.localeCompare(b.suite) || a.name.localeCompare(b.name, undefined, { numeric: true }),
  took: (a, b) => b.took - a.took,
  begin: (a, b) => a.begin - b.begin,
};

function apply() {
  const words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = tests.filter((test) =>
    (!state.verdict || test.verdict === state.verdict) && words.every((word) => haystack(test).includes(word)));
  chosen.sort(ORDERS[state.order]);
  for (const button of document.querySelectorAll("#tools button"))
    button.setAttribute("aria-pressed", String(button.dataset.verdict === state.verdict));
  $("tests").replaceChildren(...chosen.map((test) => test.node = test.node || showTest(test)));
  $("shown").textContent = chosen.length === tests.length ? "" : `${chosen.length} of ${tests.length} tests`;
}

// ---- one test: its line; what is inside is made when it is opened

function headline(test) {
  for (const each of [...test.steps, test.cleanup || {}])
    if (each.failures && each.failures.length) return each.failures[0].message;
  return test.verdict === "skipped" ? "not reached" : "";
}

function showTest(test) {
  const past = pastOf(test);
  const node = el("details", { class: "test is-" + test.verdict, id: test.id },
    el("summary", {},
      el("span", { class: "tick", title: test.verdict, "aria-label": test.verdict }, TICKS[test.verdict]),
      el("span", { class: "name" }, severalSuites ? el("span", { class: "dim" }, test.suite + "/") : "", test.name),
      el("span", { class: "why" }, headline(test)),
      past && past.flaky ? el("span", { class: "badge" }, `flaky: ${past.failed} of ${past.ran} failed`) : el("span"),
      el("span", { class: "took" }, test.verdict === "skipped" ? "" : span(test.took))));
  node.addEventListener("toggle", () => open(test, node));
  return node;
}

function open(test, node) {
  if (!node.open || node.querySelector(".body")) return;
  const parts = [];
  for (const step of test.steps)
    if (step.failures) parts.push(el("h3", {}, `${step.name} `, el("span", { class: step.verdict }, step.verdict),
      step.took ? ` after ${span(step.took)}` : "", step.limit ? el("span", { class: "dim" }, ` (limit ${span(step.limit)})`) : ""),
    step.failures.map(showFailure));
  if (test.cleanup && test.cleanup.failures.length)
    parts.push(el("h3", {}, "clean-up ", el("span", { class: test.cleanup.verdict }, test.cleanup.verdict)), test.cleanup.failures.map(showFailure));
  parts.push(showFiles(test), showTimeline(test), showSteps(test), showFacts(test));
  node.append(el("div", { class: "body" }, parts));
}

function showFailure(failure) {
  return el("div", { class: "failure" },
    failure.place ? el("div", { class: "mono dim" }, failure.place) : "",
    el("div", { class: "message" }, failure.message),
    failure.details ? el("ul", {}, failure.details.map((line) => el("li", { class: "mono" }, line))) : "",
    failure.cause ? el("div", { class: "cause" }, el("strong", {}, "why"), el("ul", {}, failure.cause.map((line) => el("li", {}, line)))) : "",
    failure.diff ? showDiff(failure.diff) : "",
    failure.expected && !failure.diff ? fold("expected", failure.expected) : "",
    failure.found ? fold("found, the same fields", failure.found) : "");
}

function showDiff(diff) {
  const style = (line) => /^(---|\+\+\+|@@)/.test(line) ? "other" : line[0] === "+" ? "plus" : line[0] === "-" ? "minus" : "same";
  return el("pre", { class: "diff", "aria-label": "difference" },
    diff.replace(/\n$/, "").split("\n").map((line) => el("span", { class: style(line) }, line || " ")));
}

function fold(title, text, note) {
  const node = el("details", {}, el("summary", {}, title, note ? el("span", { class: "dim" }, " " + note) : ""));
  node.addEventListener("toggle", () => { if (!node.querySelector("pre")) node.append(el("pre", {}, text)); });
  return node;
}

function showFiles(test) {
  if (!test.files) return "";
  return [el("h3", {}, "Collected"), test.files.map((file) => {
    const link = el("a", { href: encodeURI(file.link) }, file.path);
    if (!file.text) return el("div", {}, link);
    return fold(`${file.step}: ${file.name}`, file.text, file.cut ? "(a part; all of it is in the artifacts)" : "");
  })];
}

function showSteps(test) {
  if (!test.steps.length) return "";
  return [el("h3", {}, "Steps"), el("table", {},
    el("tr", {}, ["step", "verdict"].map((title) => el("th", {}, title)),
      ["began", "took", "limit"].map((title) => el("th", { class: "number" }, title)), el("th", {}, "file")),
    test.steps.map((step) => el("tr", {},
      el("td", {}, step.name), el("td", { class: step.verdict }, `${TICKS[step.verdict]} ${step.verdict}`),
      el("td", { class: "number" }, since(step.begin)), el("td", { class: "number" }, span(step.took)),
      el("td", { class: "number dim" }, step.limit ? span(step.limit) : ""), el("td", { class: "mono" }, step.file || ""))))];
}

function showFacts(test) {
  const past = pastOf(test);
  const facts = [
    ["namespace", test.namespace], ["directory", test.directory], ["began", clock(test.begin)],
    ["clean-up", test.cleanup ? `${test.cleanup.verdict === "skipped" ? "kept" : test.cleanup.verdict}, ${span(test.cleanup.took)}` : ""],
    ["history", past && past.ran > 1 ? `${past.failed} of the last ${past.ran} runs failed: ${past.last}` : ""],
  ];
  return [el("h3", {}, "Facts"), el("dl", { class: "facts" },
    facts.filter(([, value]) => value).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]))];
}

// ---- the timeline of a test: rows of marks, and under them every entry as a line

function showTimeline(test) {
  const entries = test.timeline || [];
  const notes = (test.leftOut || []).map((text) => el("p", { class: "dim" }, "left out: " + text));
  if (!entries.length && !test.steps.length) return notes;
  const times = [...entries.map((entry) => entry[0]), test.begin, test.begin + test.took];
  const begin = Math.min(...times);
  const end = Math.max(...times, begin + 1);
  const list = showEntries(entries);
  const at = (time) => percent((time - begin) / (end - begin));
  const rows = [el("div", { class: "row" }, el("span", { class: "label" }, "steps"), el("div", { class: "track" },
    test.steps.filter((step) => step.took !== undefined && step.verdict !== "skipped").map((step) => el("span", {
      class: "span " + step.verdict, title: `${step.name}: ${step.verdict}, ${span(step.took)}`,
      style: { left: at(step.begin), width: percent(step.took / (end - begin)) },
    }))))];
  const lanes = lanesOf(entries);
  for (const [label, lane] of [...lanes].slice(0, LANES)) rows.push(showLane(label, lane, at, begin, end, list));
  rows.push(axis(begin, end));
  return [el("h3", {}, "Timeline"), el("div", { class: "rows" }, rows),
    lanes.size > LANES ? el("p", { class: "dim" }, `${lanes.size - LANES} more objects: in the list only`) : "", notes, list.node];
}

// Entries by object; the logs of a Pod's containers lie on its row.
function lanesOf(entries) {
  const lanes = new Map();
  entries.forEach((entry, index) => {
    const [, what, kind, name] = entry;
    if (kind === "step") return;
    const label = `${kind} ${what === "log" ? name.split("/")[0] : name}`;
    if (!lanes.has(label)) lanes.set(label, []);
    lanes.get(label).push({ entry, index });
  });
  return lanes;
}

function showLane(label, lane, at, begin, end, list) {
  const first = (what) => (lane.find(({ entry }) => entry[1] === what) || { entry: [] }).entry[0];
  const from = first("appeared") ?? begin;
  const until = first("gone") ?? end;
  const marks = lane.filter(({ entry }) => entry[1] !== "appeared" && entry[1] !== "gone").slice(0, 500);
  return el("div", { class: "row" }, el("span", { class: "label", title: label }, label), el("div", { class: "track" },
    el("span", { class: "life", title: label, style: { left: at(from), width: percent((until - from) / (end - begin)) } }),
    marks.map(({ entry, index }) => el("span", {
      class: `mark ${entry[1]}${entry[5] ? " wrong" : ""}`, title: `${since(entry[0])} ${entry[4]}`, style: { left: at(entry[0]) },
      onclick: () => list.pick(index),
    }))));
}

// The list of entries with its own filter; lines are made as they are asked for.
function showEntries(entries) {
  const table = el("table", {});
  const more = el("button", { type: "button", class: "more", onclick: () => add(CHUNK) });
  const filter = { kinds: new Set(Object.keys(KINDS)), words: "" };
  let chosen = [];
  let made = 0;
  const line = ([time, what, kind, name, text, wrong], index) => el("tr", { class: wrong ? "wrong" : false, "data-entry": index },
    el("td", { class: "number mono", title: clock(time) }, since(time)), el("td", { class: "dim" }, what),
    el("td", { class: "mono" }, kind === "step" ? name : `${kind} ${name}`), el("td", { class: "text mono" }, text));
  function add(count) {
    for (const end = Math.min(chosen.length, made + count); made < end; ++made) table.append(line(entries[chosen[made]], chosen[made]));
    more.hidden = made === chosen.length;
    more.textContent = `show ${Math.min(CHUNK, chosen.length - made)} more of ${chosen.length - made}`;
  }
  function refresh() {
    const words = filter.words.toLowerCase();
    chosen = [];
    entries.forEach(([, what, kind, name, text], index) => {
      const group = Object.keys(KINDS).find((key) => KINDS[key].includes(what));
      if (filter.kinds.has(group) && `${kind} ${name} ${text}`.toLowerCase().includes(words)) chosen.push(index);
    });
    table.replaceChildren();
    made = 0;
    add(CHUNK);
  }
  function pick(index) {
    const place = chosen.indexOf(index);
    if (place < 0) return;
    if (place >= made) add(place - made + 1);
    const row = table.querySelector(`[data-entry="${index}"]`);
    table.querySelector(".picked")?.classList.remove("picked");
    row.classList.add("picked");
    row.scrollIntoView({ block: "center" });
  }
  const choices = Object.keys(KINDS).map((key) => el("label", {}, el("input", {
    type: "checkbox", checked: true, onchange: (event) => { event.target.checked ? filter.kinds.add(key) : filter.kinds.delete(key); refresh(); },
  }), " " + key));
  const words = el("input", { type: "search", placeholder: "search this timeline", "aria-label": "search this timeline",
    oninput: (event) => { filter.words = event.target.value; refresh(); } });
  refresh();
  return { pick, node: entries.length ? el("div", { class: "entries" }, el("div", { class: "choices" }, choices, words), table, more) : "" };
}

// ---- history

const pasts = new Map(((data.history || {}).tests || []).map((past) => [past.suite + "\n" + past.name, past]));
const pastOf = (test) => pasts.get(test.suite + "\n" + test.name);

function showHistory() {
  const history = data.history;
  if (!history || history.runs < 2) return;
  const flaky = history.tests.filter((past) => past.failed > 0);
  const parts = [el("h2", {}, `History of ${history.runs} runs`)];
  if (flaky.length) parts.push(el("h3", {}, "Tests that did not always pass"), el("table", {},
    el("tr", {}, el("th", {}, "test"), el("th", { class: "number" }, "failed"), el("th", { class: "number" }, "of runs"), el("th", {}, "last runs, newest at the end")),
    flaky.map((past) => el("tr", {}, el("td", {}, past.name, past.flaky ? el("span", { class: "badge" }, "flaky") : ""),
      el("td", { class: "number" }, String(past.failed)), el("td", { class: "number" }, String(past.ran)),
      el("td", { class: "past" }, [...past.last].map((verdict) => el("span", { class: verdict === "P" ? "passed" : "failed" }, verdict)))))));
  if (history.slow.length) parts.push(el("h3", {}, "Slowest steps"), el("table", {},
    el("tr", {}, el("th", {}, "test"), el("th", {}, "step"), el("th", { class: "number" }, "median"), el("th", { class: "number" }, "longest"), el("th", { class: "number" }, "runs")),
    history.slow.map((step) => el("tr", {}, el("td", {}, step.test), el("td", {}, step.step),
      el("td", { class: "number" }, span(step.median)), el("td", { class: "number" }, span(step.longest)), el("td", { class: "number" }, String(step.ran))))));
  if (history.advice.length) parts.push(el("h3", {}, "Timeouts"), el("ul", {}, history.advice.map((line) => el("li", {}, line))));
  $("history").append(...parts.flat());
  $("history").hidden = false;
}

// ---- keys, links, printing

function onKey(event) {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape" && event.target.id === "search") {
    event.target.value = state.words = "";
    return apply();
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    $("search").focus();
  }
  if (event.key !== "n" && event.key !== "p") return;
  const lines = [...document.querySelectorAll(".test > summary")];
  const now = lines.indexOf(document.activeElement?.closest(".test")?.querySelector("summary"));
  lines[Math.max(0, Math.min(lines.length - 1, now + (event.key === "n" ? 1 : -1)))]?.focus();
}

// "#t12" opens that test, also one that the filter hides.
function follow() {
  const test = tests[Number(/^#t(\d+)$/.exec(location.hash)?.[1])];
  if (!test) return;
  if (!test.node?.isConnected) {
    state.verdict = state.words = $("search").value = "";
    apply();
  }
  test.node.open = true;
  test.node.scrollIntoView();
}

showHead();
showOverview();
showTools();
showHistory();
apply();
const bad = tests.filter(isBad);
if (bad.length === 1 || tests.length === 1) (bad[0] || tests[0]).node.open = true;
follow();
addEventListener("hashchange", follow);
addEventListener("keydown", onKey);
addEventListener("beforeprint", () => { for (const test of bad) if (test.node.isConnected) { test.node.open = true; open(test, test.node); } });
