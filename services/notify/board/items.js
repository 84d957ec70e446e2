"use strict";
// What stands behind a figure: a tile leads to the clocks that it counts, or to the offices in the order of that figure.

const PAGE = 50;
const LISTED = ["due_soon", "late", "silent"];

function figureLink(name, label) {
  const target = LISTED.includes(name) ? "items" : name === "supervised" ? "h-supervision" : "h-office";
  const link = element("a", label);
  Object.assign(link, { href: `#${target}`, id: `figure-${name}` });
  link.addEventListener("click", () => show(name));
  return link;
}

function show(name) {
  if (LISTED.includes(name)) Object.assign(state, { figure: name, items: [], pages: { ...state.pages, items: 1 } });
  else if (name !== "supervised") state.sort = name;
  draw();
  if (LISTED.includes(name)) refresh();
}

// The first pages of a list, one after the other: the next begins where the one before ended.
async function pages(id, path) {
  let items = [], cursor = "";
  for (let page = 0; page < state.pages[id]; page += 1) {
    const found = await ask(`${path}limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    items = items.concat(found.items);
    cursor = found.next;
    if (!cursor) break;
  }
  state.more[id] = Boolean(cursor);
  return items;
}

async function readItems() {
  if (state.figure) state.items = await pages("items", `/v1/watches?figure=${state.figure}&`);
  draw();
}

function drawMore(id, shown, all) {
  $(`${id}-shown`).textContent = state.more[id] ? say(`已显示 ${shown} 项，共 ${all} 项`, `${shown} of ${all} shown`) : "";
  $(`${id}-more`).hidden = !state.more[id];
}

function drawItems() {
  $("items").hidden = !state.figure;
  if (!state.figure) return;
  const [, zh, en] = COLUMNS.find(([name]) => name === state.figure);
  $("h-items").textContent = say(zh, en);
  const titles = [["编号", "Number"], ["承办单位", "Held by"], ["时限", "Limit"], ["到期", "Due"], ["依据", "Why"]];
  const head = element("thead"), row = element("tr"), body = element("tbody");
  for (const [title, english] of titles) {
    const th = element("th", say(title, english));
    th.scope = "col";
    row.append(th);
  }
  head.append(row);
  for (const one of state.items) {
    const tr = element("tr"), th = element("th", one.number || "—"), why = element("td");
    th.scope = "row";
    why.append(whyButton(`item-${one.clock_id}`, one));
    tr.append(th, element("td", said(one, "office")), element("td", said(one, "kind")),
      element("td", `${moment(one.due_at)}${spare(one.provisional)}`), why);
    body.append(tr);
  }
  $("items-list").replaceChildren(head, body);
  drawMore("items", state.items.length, state.overview.total[state.figure]);
}

for (const id of ["supervisions", "items"]) {
  $(`${id}-more`).addEventListener("click", () => { state.pages[id] += 1; refresh(); });
}
begin();
