// The browser of queries: what each system did with each, side by side. Whatever a model wrote becomes a text node, and never markup.

const at = (id) => document.getElementById(id);
const SHOWN = 2000; // questions that the list holds
let data;
let found = [];

async function unpack(id) {
  const letters = atob(at(id).textContent);
  const bytes = new Uint8Array(letters.length);
  for (let n = 0; n < letters.length; n += 1) bytes[n] = letters.charCodeAt(n);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const mark = (outcome) => (outcome === null ? "·" : outcome.unscored ? "–" : outcome.right ? "✓" : "✗");
const right = (outcome) => Boolean(outcome && outcome.right);
const scored = (outcome) => outcome !== null && !outcome.unscored;

function fits(query) {
  const wanted = { which: at("which").value, kind: at("kind").value, category: at("category").value, text: at("text").value.trim().toLowerCase() };
  const outcomes = query.outcomes.filter(scored);
  if (wanted.kind && query.kind !== wanted.kind) return false;
  if (wanted.category && query.category !== wanted.category) return false;
  if (wanted.which === "differ" && new Set(outcomes.map(right)).size < 2) return false;
  if (wanted.which === "wrong" && (!outcomes.length || outcomes.some(right))) return false;
  if (wanted.which === "right" && !(outcomes.length && outcomes.every(right))) return false;
  if (wanted.which.startsWith("wrong-")) {
    const outcome = query.outcomes[Number(wanted.which.slice(6))];
    if (!scored(outcome) || outcome.right) return false;
  }
  if (!wanted.text) return true;
  query.searched ||= JSON.stringify([query.id, query.question, query.outcomes]).toLowerCase();
  return query.searched.includes(JSON.stringify(wanted.text).slice(1, -1));
}

function list() {
  found = data.queries.filter(fits);
  at("found").textContent = `${found.length.toLocaleString("en")} of ${data.queries.length.toLocaleString("en")} queries`;
  at("questions").replaceChildren(
    ...found.slice(0, SHOWN).map((query) => {
      const marks = make("span", { class: "marks" }, query.outcomes.map(mark).join(""));
      marks.title = data.systems.map((name, n) => `${mark(query.outcomes[n])} ${visible(name)}`).join("\n");
      const asked = make("span", { class: "asked" }, visible(query.question || query.id));
      const about = make("span", { class: "about" }, visible(`${query.kind} · ${query.category} · ${query.repo}`));
      const button = make("button", { type: "button" }, marks, asked, about);
      button.dataset.id = query.id;
      button.addEventListener("click", () => {
        location.hash = `#query=${encodeURIComponent(query.id)}`;
      });
      return make("li", {}, button);
    }),
  );
  current();
}

function current() {
  const id = chosen();
  for (const button of at("questions").querySelectorAll("button")) button.setAttribute("aria-current", String(button.dataset.id === id));
}

function chosen() {
  const given = /^#query=(.+)$/.exec(location.hash);
  if (!given) return "";
  try {
    return decodeURIComponent(given[1]);
  } catch {
    return given[1];
  }
}

function turn(each) {
  if (each.role !== "tool") return message(each, { runs: {}, states: {} });
  const body = make("div", { class: "body" }, make("p", { class: "run" }, make("b", {}, visible(each.name || "result"))), result(each.text));
  const note = cutNote(each.more);
  if (note) body.append(note);
  return spoken(each, body);
}

function side(name, outcome) {
  const whole = make("article", {}, make("h4", { class: "name" }, visible(name)));
  if (outcome === null) whole.append(make("p", { class: "none" }, "was not asked"));
  else if (outcome.unscored) whole.append(make("p", { class: "warning" }, visible(`unscored: ${outcome.unscored}`)));
  else {
    const word = make("b", { class: outcome.right ? "good" : "bad" }, outcome.right ? "✓ right" : "✗ wrong");
    const more = outcome.ended && outcome.ended !== "answered" ? ` · ended: ${visible(outcome.ended)}` : "";
    whole.append(make("p", {}, word, ` · decided ${visible(outcome.decided)}${more}`));
    whole.append(make("ul", { class: "layers" }, ...outcome.layers.map(([layer, passed, why]) =>
      make("li", {}, make("span", { class: passed ? "good" : "bad" }, passed ? "✓ " : "✗ "), visible(layer), why ? make("span", { class: "faint" }, visible(` — ${why}`)) : null))));
    for (const each of outcome.turns) whole.append(turn(each));
    if (!outcome.turns.length && !outcome.text[0].trim()) {
      const letters = count(outcome.text[0].length, "character");
      whole.append(make("p", { class: "none" }, outcome.text[0] ? `nothing but white space, ${letters}` : "nothing"));
    } else if (!outcome.turns.length) whole.append(folded(make("pre", {}, visible(outcome.text[0])), outcome.text[0].split("\n").length), cutNote(outcome.text[1]) || "");
    whole.append(make("p", { class: "cost" }, visible(outcome.cost)));
  }
  return whole;
}

function show() {
  const id = chosen();
  if (!id) return;
  const query = data.queries.find((each) => each.id === id);
  current();
  if (!query) {
    at("query").replaceChildren(make("p", { class: "none" }, visible(`There is no query ${id} on this page.`)));
    return;
  }
  const head = make("header", {}, make("h3", {}, visible(query.question || query.id)), make("p", {}, visible(`${query.kind} · ${query.category} · ${query.repo} · ${query.id}`)));
  const parts = [head];
  if (query.gold.length) parts.push(make("details", {}, make("summary", {}, "What would be right"), ...query.gold.map(turn)));
  parts.push(make("div", { class: "side" }, ...data.systems.map((name, n) => side(name, query.outcomes[n]))));
  at("query").replaceChildren(...parts);
  at("query").scrollIntoView({ block: "start" });
}

function option(value, words) {
  return make("option", { value }, visible(words));
}

async function start() {
  if (typeof DecompressionStream === "undefined") {
    at("browser").before(make("p", { class: "note" }, "This browser is too old to unpack the queries. The figures above are whole."));
    return;
  }
  data = await unpack("data");
  at("browser").hidden = false;
  data.systems.forEach((name, n) => at("which").append(option(`wrong-${n}`, `wrong: ${name}`)));
  for (const key of ["kind", "category"]) {
    for (const value of [...new Set(data.queries.map((each) => each[key]))].sort()) at(key).append(option(value, value));
  }
  if (!data.queries.some((each) => new Set(each.outcomes.filter(scored).map(right)).size > 1)) at("which").value = "";
  for (const id of ["which", "kind", "category"]) at(id).addEventListener("change", list);
  at("text").addEventListener("input", list);
  at("asking").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", show);
  list();
  show();
}

start().finally(() => {
  document.documentElement.dataset.ready = "";
});
