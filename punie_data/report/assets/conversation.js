"use strict";
// One row as a person would read it. Whatever a row says becomes a text node, and never markup.

const FOLD = 16; // lines of a result that are shown before the rest is folded

// Characters that print nothing, move others about or pass for a space: shown by their code. Tabs and line ends stay.
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u061c\u115f\u1160\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

function make(tag, attributes, ...inside) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  for (const each of inside) if (each !== null && each !== undefined) element.append(each);
  return element;
}

function visible(text) {
  return String(text)
    .replaceAll("\r\n", "\n")
    .replace(UNSEEN, (c) => `\\u${c.codePointAt(0).toString(16).padStart(4, "0")}`);
}

function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

function cutNote(more) {
  return more ? make("p", { class: "cut" }, `${count(more, "more character")} are in the file and not in this page.`) : null;
}

// Code between fences and between backticks; everything else as it is written.
function prose(text) {
  const whole = make("div", { class: "prose" });
  const parts = visible(text).split(/^(```[^\n]*\n[\s\S]*?^```[ \t]*$)/m);
  for (const part of parts) {
    const fence = /^```[^\n]*\n([\s\S]*?)^```[ \t]*$/m.exec(part);
    if (fence && part.startsWith("```")) {
      whole.append(make("pre", {}, fence[1].replace(/\n$/, "")));
      continue;
    }
    const plain = part.replace(/^\n+|\n+$/g, "");
    if (!plain) continue;
    const block = make("p", {});
    plain.split(/(`[^`\n]+`)/).forEach((piece, number) => {
      block.append(number % 2 ? make("code", {}, piece.slice(1, -1)) : piece);
    });
    whole.append(block);
  }
  return whole;
}

function folded(element, lines) {
  if (lines <= FOLD + 2) return element;
  element.classList.add("folded");
  const button = make("button", { type: "button", class: "unfold", "aria-expanded": "false" }, `Show all ${lines} lines`);
  button.addEventListener("click", () => {
    const open = element.classList.toggle("folded");
    button.setAttribute("aria-expanded", String(!open));
    button.textContent = open ? `Show all ${lines} lines` : "Show less";
  });
  return make("div", {}, element, button);
}

const isFlat = (value) => value === null || typeof value !== "object";

// A list of flat objects with few keys is a table to a reader.
function isTable(list) {
  if (!list.length || !list.every((each) => each && typeof each === "object" && !Array.isArray(each))) return false;
  const keys = Object.keys(list[0]);
  return (
    keys.length > 0 && keys.length <= 7 &&
    list.every((each) => Object.keys(each).length === keys.length && keys.every((key) => key in each && isFlat(each[key])))
  );
}

function scalar(value) {
  if (typeof value === "string") {
    if (value.includes("\n")) return make("pre", {}, visible(value.replace(/\n$/, "")));
    return make("span", { class: "string" }, value === "" ? "“”" : visible(value));
  }
  return make("span", { class: "literal" }, String(value));
}

function tree(value, depth) {
  if (isFlat(value)) return scalar(value);
  if (Array.isArray(value)) {
    if (!value.length) return make("span", { class: "literal" }, "none");
    if (isTable(value)) {
      const keys = Object.keys(value[0]);
      const head = make("tr", {}, ...keys.map((key) => make("th", { scope: "col" }, visible(key))));
      const rows = value.map((each) => make("tr", {}, ...keys.map((key) => make("td", {}, scalar(each[key])))));
      return make("div", { class: "scroll" }, make("table", { class: "plain" }, make("thead", {}, head), make("tbody", {}, ...rows)));
    }
    return make("ol", {}, ...value.map((each) => make("li", {}, depth > 20 ? visible(JSON.stringify(each)) : tree(each, depth + 1))));
  }
  const list = make("dl", {});
  for (const [key, each] of Object.entries(value)) {
    const inside = depth > 20 ? visible(JSON.stringify(each)) : tree(each, depth + 1);
    list.append(make("div", {}, make("dt", {}, visible(key)), make("dd", {}, inside)));
  }
  return list;
}

function lineCount(value) {
  if (isFlat(value)) return typeof value === "string" ? value.split("\n").length : 1;
  if (Array.isArray(value)) return isTable(value) ? value.length + 1 : value.reduce((sum, each) => sum + lineCount(each), 0);
  return Object.values(value).reduce((sum, each) => sum + lineCount(each), 0);
}

// JSON that a browser would read otherwise than it is written (long numbers) is shown as it is written.
function result(text) {
  const exact = !/[0-9]{16}|[0-9][eE][0-9+-]/.test(text);
  if (exact && (text.startsWith("{") || text.startsWith("["))) {
    try {
      const value = JSON.parse(text);
      return folded(make("div", { class: "tree" }, tree(value, 0)), lineCount(value));
    } catch {
      // It only looked like JSON.
    }
  }
  if (text === "") return make("p", { class: "none" }, "an empty result");
  return folded(make("pre", {}, visible(text)), text.split("\n").length);
}

function call(each) {
  const line = make("div", { class: "call" }, make("b", {}, visible(each.name)), "(");
  const blocks = [];
  each.arguments.forEach(([name, value, more, isString], number) => {
    if (number) line.append(", ");
    line.append(make("span", { class: "argument" }, visible(name)), "=");
    if (isString && value.includes("\n")) {
      line.append("…");
      blocks.push(make("div", { class: "block" }, make("span", { class: "argument" }, visible(name)), folded(make("pre", {}, visible(value)), value.split("\n").length), cutNote(more)));
    } else {
      line.append(make("span", { class: isString ? "string" : "literal" }, isString ? visible(JSON.stringify(value)) : visible(value)));
      if (more) blocks.push(cutNote(more));
    }
  });
  line.append(")");
  return make("div", {}, line, ...blocks);
}

const RESULT_STATES = {
  recorded: ["good", "✓ the recorded result"],
  imported: ["faint", "imported, never run here"],
  changed: ["bad", "✗ not the result that was recorded"],
  unrecorded: ["warning", "? no run is recorded"],
};

function message(each, data) {
  const body = make("div", { class: "body" });
  if (each.role === "tool") {
    const run = data.runs[each.call];
    const [kind, words] = RESULT_STATES[data.states[each.call]] || RESULT_STATES.unrecorded;
    const head = make("p", { class: "run" }, make("b", {}, visible(each.name)), " ", make("span", { class: kind }, words));
    if (run && data.states[each.call] !== "imported") {
      head.append(` · ${visible(run[0])} · exit ${run[1]}${run[2] ? " · cut by the tool" : ""}`);
      head.setAttribute("title", `SHA-256 ${run[3]}`);
    }
    body.append(head, result(each.text));
  } else {
    if (each.text || !each.calls) body.append(prose(each.text));
    for (const one of each.calls || []) body.append(call(one));
  }
  const note = cutNote(each.more);
  if (note) body.append(note);
  if (each.role !== "tool" && !each.calls && !/`/.test(each.text)) return spoken(each, body);
  const asIs = [each.text, ...(each.calls || []).flatMap((one) => [one.name, ...one.arguments.map(([name, value]) => `${name}: ${value}`)])];
  const raw = make("details", { class: "raw" }, make("summary", {}, "as written"));
  raw.addEventListener("toggle", () => {
    if (raw.open && raw.childElementCount === 1) raw.append(make("pre", {}, visible(asIs.filter(Boolean).join("\n"))));
  });
  body.append(raw);
  return spoken(each, body);
}

function spoken(each, body) {
  const name = { user: "Question", tool: "Result", assistant: each.calls ? "Call" : "Answer" }[each.role] || each.role;
  return make("section", { class: `message ${each.role}` }, make("h4", {}, name), body);
}

function pair(name, value) {
  return value === "" || value === null || value === undefined ? null : make("div", {}, make("dt", {}, name), make("dd", {}, value));
}

// `about`: what the index says of the row. Returns the parts below the heading.
function conversation(data, about) {
  const parts = [];
  if (data.rejected) {
    const why = make("p", { class: "refused" }, make("b", {}, "Rejected: "), visible(data.rejected[0]));
    if (data.rejected[1]) why.append(" — ", visible(data.rejected[1]));
    parts.push(why);
  }
  if (data.findings) {
    parts.push(
      make("ul", { class: "row-findings" }, ...data.findings.map(([code, level, words]) =>
        make("li", {}, make("code", {}, code), " ", make("span", { class: level }, level), ` ${visible(words)}`))),
    );
  }
  if (data.raw) {
    const told = data.problem && !(data.findings || []).some((finding) => finding[2] === data.problem) ? data.problem : "";
    parts.push(make("p", {}, visible(told || (data.rejected ? "There is no conversation in this line." : "This line is no row:"))));
    if (data.question && data.question[0]) parts.push(make("section", { class: "message user" }, make("h4", {}, "Question"), make("div", { class: "body" }, prose(data.question[0]))));
    parts.push(folded(make("pre", {}, visible(data.raw[0])), data.raw[0].split("\n").length), cutNote(data.raw[1]));
    return parts.filter(Boolean);
  }
  for (const each of data.messages) parts.push(message(each, data));
  const origin = data.origin;
  const list = (values) => (values.length ? visible(values.join(", ")) : "");
  parts.push(
    make("h4", { class: "from" }, "Where it is from"),
    make("dl", { class: "origin" }, ...[
      pair("file", `${visible(about.part)}, line ${about.line}`),
      pair("generator", visible(origin.generator)),
      pair("repository", visible(origin.repo)),
      pair("revision", visible(origin.revision)),
      pair("licence", visible(origin.license) || "none stated"),
      pair("paths", list(origin.paths)),
      pair("spans", list(origin.spans)),
      pair("symbol", visible(origin.symbol)),
      pair("seed", visible(origin.seed)),
      pair("results", visible(about.replay)),
      pair("tokens", about.tokens ? about.tokens.toLocaleString("en") : ""),
      pair("tools offered", list(data.offered)),
    ].filter(Boolean)),
  );
  return parts;
}

// Everything in a row that a search looks at, in lower case.
function searchable(data) {
  const texts = [data.raw ? data.raw[0] : "", data.rejected ? data.rejected.join("\n") : "", data.question ? data.question[0] : ""];
  for (const each of data.messages || []) {
    texts.push(each.text);
    for (const one of each.calls || []) texts.push(one.name, ...one.arguments.map((argument) => argument[1]));
  }
  if (data.origin) texts.push(data.origin.symbol, data.origin.revision, ...data.origin.paths, ...data.origin.spans);
  return texts.join("\n").toLowerCase();
}
