// The row browser: the index, the filters, the windowed list and the fragment of the address, which holds all that one sees.

const HEIGHT = 62; // of an item of the list, in pixels; the style sheet agrees
const KEPT = 12; // pieces that stay unpacked

// key in the address → its column, and what it is called
const FILTERS = {
  part: ["part", "split"],
  kind: ["kind", "kind"],
  category: ["category", "category"],
  generator: ["generator", "generator"],
  repository: ["repository", "repository"],
  tool: ["tools", "tool called"],
  rule: ["rules", "finding"],
  reason: ["reason", "rejection"],
  replay: ["replay", "result"],
};
const REPEATS = { conversation: ["same", "the same conversation"], question: ["asked", "the same question"] };
const SORTS = { longest: "longest first", shortest: "shortest first" };

const at = (id) => document.getElementById(id);
const unpacked = new Map();
let index;
let wanted = {};
let results = [];
let chosen = -1;
let search = 0;

async function unpack(id) {
  const letters = atob(at(id).textContent);
  const bytes = new Uint8Array(letters.length);
  for (let n = 0; n < letters.length; n += 1) bytes[n] = letters.charCodeAt(n);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

async function piece(number) {
  let found = unpacked.get(number);
  if (!found) {
    found = await unpack(`piece-${number}`);
    if (unpacked.size >= KEPT) unpacked.delete(unpacked.keys().next().value);
  }
  unpacked.delete(number);
  unpacked.set(number, found);
  return found;
}

const dataOf = async (n) => (await piece(Math.floor(n / index.piece)))[n % index.piece];
const nameOf = (name, place) => (place < 0 ? "" : index.names[name][place]);
const placeOf = (n) => `${nameOf("part", index.part[n])}:${index.line[n]}`;
const idOf = (n) => index.id[n] || placeOf(n);

function aboutOf(n) {
  return {
    part: nameOf("part", index.part[n]),
    line: index.line[n],
    replay: nameOf("replay", index.replay[n]),
    tokens: index.tokens[n],
  };
}

// ---- the address

function readAddress() {
  const found = {};
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) if (value) found[key] = value;
  return found;
}

function writeAddress(replace) {
  const said = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
  const hash = `#${said.toString() || "rows"}`;
  if (hash !== location.hash) history[replace ? "replaceState" : "pushState"](null, "", hash);
}

async function follow() {
  if (!location.hash.includes("=")) {
    if (["", "#", "#rows"].includes(location.hash) && wanted.row) {
      wanted.row = "";
      show(-1);
    }
    return;
  }
  const before = JSON.stringify({ ...wanted, row: "" });
  wanted = readAddress();
  putControls();
  if (JSON.stringify({ ...wanted, row: "" }) !== before || !results.length) select();
  const known = wanted.row ? find(wanted.row) : -1;
  if (wanted.row && known < 0) lost();
  else if (known !== chosen) await show(known);
  at("rows").scrollIntoView();
}

function find(name) {
  const whole = index.id.indexOf(name);
  if (whole >= 0) return whole;
  const place = /^(.*):(\d+)$/.exec(name);
  if (place) {
    const part = index.names.part.indexOf(place[1]);
    const line = Number(place[2]);
    return index.line.findIndex((each, n) => each === line && index.part[n] === part);
  }
  return name.length >= 6 ? index.id.findIndex((id) => id.startsWith(name)) : -1;
}

// ---- filters

function putControls() {
  at("q").value = wanted.q || "";
  let on = 0;
  for (const select of at("selects").querySelectorAll("select")) {
    const value = wanted[select.name] || "";
    if (![...select.options].some((option) => option.value === value)) select.add(new Option(visible(value), value));
    select.value = value;
    on += Boolean(value);
  }
  at("filters-on").textContent = on ? ` (${on})` : "";
}

function makeControls() {
  const add = (name, title, choices) => {
    const select = make("select", { name, "aria-label": title });
    select.add(new Option(`any ${title}`, ""));
    for (const [value, words] of choices) select.add(new Option(visible(words).slice(0, 90), value));
    at("selects").append(make("label", {}, make("span", {}, title), select));
    return select;
  };
  for (const [key, [column, title]] of Object.entries(FILTERS)) {
    const names = index.names[key];
    const counts = new Array(names.length).fill(0);
    for (const each of index[column]) for (const place of Array.isArray(each) ? each : [each]) if (place >= 0) counts[place] += 1;
    const order = names.map((_, place) => place).sort((a, b) => (names[a] < names[b] ? -1 : 1));
    if (names.length) add(key, title, order.map((place) => [names[place], `${names[place]} (${counts[place].toLocaleString("en")})`]));
  }
  add("repeats", "repeat", Object.entries(REPEATS).map(([key, [, words]]) => [key, words])).options[0].text = "repeated or not";
  add("sort", "order", Object.entries(SORTS)).options[0].text = "order of the files";
}

function filtered() {
  const tests = [];
  for (const [key, [column]] of Object.entries(FILTERS)) {
    if (!wanted[key]) continue;
    const place = index.names[key].indexOf(wanted[key]);
    const values = index[column];
    tests.push(Array.isArray(values[0]) ? (n) => values[n].includes(place) : (n) => place >= 0 && values[n] === place);
  }
  if (REPEATS[wanted.repeats]) {
    const groups = index[REPEATS[wanted.repeats][0]];
    tests.push((n) => groups[n] > 0);
  }
  const found = [];
  for (let n = 0; n < index.id.length; n += 1) if (tests.every((test) => test(n))) found.push(n);
  if (wanted.repeats) {
    const groups = index[REPEATS[wanted.repeats]?.[0]] || [];
    found.sort((a, b) => groups[a] - groups[b] || a - b);
  }
  if (SORTS[wanted.sort]) {
    const sign = wanted.sort === "longest" ? -1 : 1;
    found.sort((a, b) => sign * (index.tokens[a] - index.tokens[b]) || a - b);
  }
  return found;
}

async function select() {
  search += 1;
  const mine = search;
  const candidates = filtered();
  const text = (wanted.q || "").trim().toLowerCase();
  at("list").scrollTop = 0;
  if (!text) {
    results = candidates;
    tell("");
    draw();
    return;
  }
  const order = new Map(candidates.map((n, place) => [n, place]));
  const pieces = [...new Set(candidates.map((n) => Math.floor(n / index.piece)))].sort((a, b) => a - b);
  const byPiece = new Map();
  for (const n of candidates) {
    const number = Math.floor(n / index.piece);
    if (!byPiece.has(number)) byPiece.set(number, []);
    byPiece.get(number).push(n);
  }
  results = [];
  at("list").setAttribute("aria-busy", "true");
  let read = 0;
  let drawn = performance.now();
  for (const number of pieces) {
    const rows = unpacked.get(number) || (await unpack(`piece-${number}`));
    if (mine !== search) return;
    for (const n of byPiece.get(number)) {
      if (index.id[n].startsWith(text) || searchable(rows[n % index.piece]).includes(text)) results.push(n);
    }
    read += byPiece.get(number).length;
    if (performance.now() - drawn > 200) {
      tell(`searching, ${read.toLocaleString("en")} of ${candidates.length.toLocaleString("en")} read …`);
      results.sort((a, b) => order.get(a) - order.get(b));
      draw();
      await new Promise((done) => setTimeout(done));
      drawn = performance.now();
    }
  }
  if (mine !== search) return;
  results.sort((a, b) => order.get(a) - order.get(b));
  tell("");
  draw();
}

function tell(working) {
  const all = index.id.length;
  const told = results.length === all ? count(all, "row") : `${count(results.length, "row")} of ${all.toLocaleString("en")}`;
  const refused = index.reason.reduce((sum, reason) => sum + (reason >= 0), 0);
  const aside = refused && results.length === all ? `, ${refused.toLocaleString("en")} of them rejected` : "";
  at("list").setAttribute("aria-busy", String(Boolean(working)));
  at("found").textContent = working ? `${told} so far; ${working}` : told + aside;
}

// ---- the list

function item(n, place) {
  const kind = nameOf("kind", index.kind[n]);
  const about = [index.reason[n] >= 0 ? "rejected" : "", kind, nameOf("generator", index.generator[n]), nameOf("repository", index.repository[n])];
  if (index.tokens[n]) about.push(`${index.tokens[n].toLocaleString("en")} tokens`);
  const element = make(
    "div",
    { role: "option", id: `item-${n}`, "aria-selected": String(n === chosen), "aria-setsize": results.length, "aria-posinset": place + 1, class: "item" },
    make("span", { class: "question" }, visible(index.question[n]) || "(no question)"),
    make("span", { class: "about" }, make("i", { class: `dot kind-${kind.replace(/[^a-z]/g, "")}` }), visible(about.filter(Boolean).join(" · "))),
  );
  element.addEventListener("click", () => choose(n, true));
  element.style.transform = `translateY(${place * HEIGHT}px)`;
  return element;
}

function draw() {
  const list = at("list");
  const inside = at("window");
  inside.style.height = `${results.length * HEIGHT}px`;
  const first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - 6);
  const last = Math.min(results.length, Math.ceil((list.scrollTop + list.clientHeight) / HEIGHT) + 6);
  const items = [];
  for (let place = first; place < last; place += 1) items.push(item(results[place], place));
  inside.replaceChildren(...items);
  if (chosen >= 0) list.setAttribute("aria-activedescendant", `item-${chosen}`);
  if (!results.length) inside.replaceChildren(make("p", { class: "none" }, "No row fits."));
}

function intoView(place) {
  const list = at("list");
  const top = place * HEIGHT;
  const [first, last] = [list.scrollTop, list.scrollTop + list.clientHeight];
  if (top < first - HEIGHT || top > last) list.scrollTop = top - list.clientHeight / 3; // from afar
  else if (top < first) list.scrollTop = top;
  else if (top + HEIGHT > last) list.scrollTop = top + HEIGHT - list.clientHeight;
}

function choose(n, reading) {
  wanted.row = idOf(n);
  if (index.id[n] && index.id.indexOf(index.id[n]) !== n) wanted.row = placeOf(n); // the same id stands in the page twice
  writeAddress(false);
  show(n, reading);
}

function step(by) {
  const place = results.indexOf(chosen);
  const next = Math.min(results.length - 1, Math.max(0, place < 0 ? 0 : place + by));
  if (results.length) choose(results[next], false);
}

// ---- the row

async function show(n, reading = true) {
  chosen = n;
  at("browser").classList.toggle("reading", n >= 0 && reading);
  const place = results.indexOf(n);
  if (place >= 0) intoView(place);
  draw();
  const article = at("row");
  if (n < 0) {
    article.replaceChildren(make("p", { class: "none" }, "Choose a row."));
    return;
  }
  const data = await dataOf(n);
  if (chosen !== n) return;
  const kind = nameOf("kind", index.kind[n]);
  const link = make("a", { href: `#row=${encodeURIComponent(idOf(n))}`, title: "Link to this row" }, visible(idOf(n)));
  const step1 = make("button", { type: "button", "aria-label": "Previous row" }, "‹");
  const step2 = make("button", { type: "button", "aria-label": "Next row" }, "›");
  const back = make("button", { type: "button", class: "back" }, "‹ all rows");
  step1.addEventListener("click", () => step(-1));
  step2.addEventListener("click", () => step(1));
  back.addEventListener("click", () => {
    wanted.row = "";
    writeAddress(false);
    show(-1);
  });
  const about = [kind, nameOf("category", index.category[n]), nameOf("generator", index.generator[n])].filter(Boolean);
  article.replaceChildren(
    make("header", {}, back, make("h3", {}, link), make("span", { class: "steps" }, step1, step2),
      make("p", {}, make("i", { class: `dot kind-${kind.replace(/[^a-z]/g, "")}` }), visible(about.join(" · ")))),
    ...conversation(data, aboutOf(n)),
    ...repeatsOf(n),
  );
  article.scrollTop = 0;
}

function repeatsOf(n) {
  const found = [];
  for (const [column, words] of Object.values(REPEATS)) {
    const group = index[column][n];
    if (!group) continue;
    const others = [];
    index[column].forEach((each, other) => {
      if (each === group && other !== n) others.push(other);
    });
    const list = make("p", { class: "repeats" }, `${words[0].toUpperCase()}${words.slice(1)}: `);
    others.slice(0, 12).forEach((other, place) => {
      if (place) list.append(", ");
      list.append(make("a", { href: `#row=${encodeURIComponent(placeOf(other))}` }, visible(placeOf(other))));
    });
    if (others.length > 12) list.append(` and ${others.length - 12} more`);
    if (!others.length) list.append("the others are not in this page");
    found.push(list);
  }
  return found;
}

function lost() {
  chosen = -1;
  at("browser").classList.add("reading");
  at("row").replaceChildren(make("p", { class: "none" }, `There is no row ${visible(wanted.row)} in this page.`));
}

// ---- start

async function start() {
  if (typeof DecompressionStream === "undefined") {
    at("browser").before(make("p", { class: "note" }, "This browser is too old to unpack the rows. The figures above are whole."));
    return;
  }
  index = await unpack("index");
  at("browser").hidden = false;
  at("more-filters").open = matchMedia("(min-width: 800px)").matches;
  makeControls();
  let waiting;
  at("q").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      wanted.q = at("q").value;
      writeAddress(true);
      select();
    }, 200);
  });
  at("filters").addEventListener("change", (event) => {
    if (event.target.tagName !== "SELECT") return;
    wanted[event.target.name] = event.target.value;
    writeAddress(true);
    putControls();
    select();
  });
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  at("filters").addEventListener("reset", (event) => {
    event.preventDefault();
    wanted = { row: wanted.row };
    writeAddress(true);
    putControls();
    select();
  });
  at("list").addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  at("list").addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -results.length, End: results.length }[event.key];
    if (event.key === "Enter" && chosen >= 0) {
      at("browser").classList.add("reading");
      at("row").focus();
    }
    if (!by) return;
    event.preventDefault();
    step(by);
  });
  addEventListener("resize", draw);
  addEventListener("hashchange", follow);
  addEventListener("popstate", follow);
  await select();
  await show(-1);
  await follow();
  document.documentElement.dataset.ready = "yes";
}

start();
