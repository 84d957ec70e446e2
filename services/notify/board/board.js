"use strict";
// The board shows what /v1/overview says, and asks again when an alert comes in: figures exist in one place only.

const $ = (id) => document.getElementById(id);
const COLUMNS = [
  ["open", "在办", "Open"], ["due_soon", "即将到期", "Due soon"], ["late", "超期", "Late"], ["silent", "逾期未签收", "Silent"],
  ["supervised", "督办", "Supervised"],
  ["returned", "退件", "Returned"], ["on_hold", "暂停", "On hold"], ["completed", "办结", "Completed"], ["on_time", "按时办结", "On time"],
  ["parked", "挂起", "Parked"],
];
const ALERTS = {
  "clock.due_soon": ["due_soon", "预警", "Warning"],
  "clock.breached": ["breached", "超期", "Breached"],
  "clock.due": ["due", "窗口期满", "Window over"],
  "clock.due/last_day": ["due_soon", "今日到期", "Last day"],
};
const RUNGS = [["urged", "催办", "Urged"], ["supervised", "督办", "Supervised"], ["listed", "挂牌督办", "Listed"]];
const DAY_SECONDS = 86400;
const LATE_ENOUGH_TO_SAY = 3600;
const REFRESH_MS = 1000;
const IDLE_MS = 15000;
const SHOWN_ALERTS = 40;

const state = { token: sessionStorage.getItem("yimen.token"), language: localStorage.getItem("yimen.language") || "zh",
  overview: null, supervisions: [], alerts: [], cursor: null, wanted: false, stop: null, how: "", explained: {}, why: null,
  figure: null, items: [], sort: null, pages: { supervisions: 1, items: 1 }, more: {} };

const say = (zh, en) => (state.language === "en" ? en : zh);
const said = (one, what) => one[`${what}_${state.language}`] ?? one[`${what}_zh`];

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function moment(iso) {
  return new Intl.DateTimeFormat(state.language === "en" ? "en-GB" : "zh-CN",
    { timeZone: state.explained.time_zone || "UTC", dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

async function ask(path) {
  const reply = await fetch(path, { headers: { authorization: `Bearer ${state.token}` } });
  if (reply.status === 401) throw new Error("refused");
  if (reply.status === 403) throw new Error("forbidden");
  if (!reply.ok) throw new Error(String(reply.status));
  return reply.json();
}

function cell(name, value) {
  const late = ["late", "silent", "supervised", "parked"].includes(name);
  return element("td", value, value === 0 ? "zero" : late ? "late" : name === "due_soon" ? "soon" : "");
}

function drawTable(id, heading, lines, key) {
  const table = $(id);
  const head = element("thead"), row = element("tr"), body = element("tbody");
  for (const title of [heading, ...COLUMNS.map(([, zh, en]) => say(zh, en))]) {
    const th = element("th", title);
    th.scope = "col";
    row.append(th);
  }
  head.append(row);
  for (const line of lines) {
    const tr = element("tr"), th = element("th", state.language === "en" ? line.en || line.zh : line.zh);
    th.scope = "row";
    th.title = line[key];
    tr.append(th, ...COLUMNS.map(([name]) => cell(name, line[name])));
    body.append(tr);
  }
  table.replaceChildren(head, body);
}

const services = { intake: ["登记系统", "intake"], routing: ["派单系统", "routing"] };

// While a service stands still what is late is so for the time being: whatever it did in time takes it back.
function drawStanding(standing) {
  const told = standing.map((one) => {
    const name = say(...(services[one.service] || [one.service, one.service]));
    return one.since ? `${name} ${say("自", "since")} ${moment(one.since)}` : name;
  });
  $("standing").hidden = !told.length;
  $("standing").textContent = told.length
    ? `${say("停滞", "Stands still")}: ${told.join("; ")}. ${say("其间认定的超期为暂定,已按时办理的将予撤销", "What is called late meanwhile is provisional")}`
    : "";
}

function drawTiles(overview) {
  const figures = { ...overview.total, parked: overview.parked };
  const tiles = COLUMNS.map(([name, zh, en]) => [name, say(zh, en), figures[name]]);
  $("total").replaceChildren(...tiles.map(([name, label, value]) => {
    const kind = ["late", "silent", "supervised", "parked"].includes(name) ? "late" : name === "due_soon" ? "soon" : "";
    const tile = element("div", undefined, `${kind} ${value ? "some" : ""}`), title = element("dt");
    title.append(figureLink(name, label));
    tile.append(title, element("dd", value));
    return tile;
  }));
}

// Who owns the clock explains it: routing those of a referral, intake those of a window.
function explanation(one) {
  const path = one.referral_id ? `/v1/referrals/${one.referral_id}` : `/v1/cases/${one.case_id}`;
  const base = one.referral_id ? state.explained.routing : state.explained.intake;
  return base ? `${base}${path}/explain?clock=${one.clock_id}` : null;
}

function whyButton(id, one) {
  const address = explanation(one);
  if (!address) return "";
  const button = element("button", say("依据", "Why"));
  const about = [one.number, said(one, "office"), said(one, "kind")].filter(Boolean).join(" · ");
  Object.assign(button, { id, type: "button" });
  button.setAttribute("aria-label", `${say("期限依据", "Why this date")}: ${about}`);
  button.addEventListener("click", () => explain({ id, address, about }));
  return button;
}

async function explain(asked) {
  state.why = asked;
  $("h-why").textContent = asked.about;
  $("reading").textContent = say("正在读取…", "Loading…");
  $("because").replaceChildren();
  $("why").showModal();
  $("h-why").focus();
  const [fault, parts] = await because(asked.address);
  if (state.why !== asked) return;
  $("reading").textContent = fault;
  $("because").replaceChildren(...parts);
}

// What went wrong, and what the owner of the clock says of it.
async function because(address) {
  try {
    const headers = { authorization: `Bearer ${state.token}` };
    const reply = await fetch(`${address}&format=html&lang=${state.language}`, { headers });
    if (reply.status === 403 || reply.status === 404) return [say("此令牌无权查看该期限", "This token may not see it"), []];
    if (!reply.ok) throw new Error(String(reply.status));
    // A document of its own, in which nothing runs; what stands under its title is taken over.
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    return ["", [...page.querySelectorAll("main > :not(h1)")]];
  } catch {
    return [say("暂时无法读取，请稍后再试", "It cannot be read at the moment; try again"), []];
  }
}

function drawAlerts() {
  const drawn = [state.language, state.alerts.length, state.cursor, state.explained.intake].join();
  if ($("alerts").dataset.drawn === drawn) return; // A screen reader would hear all of it again.
  $("alerts").dataset.drawn = drawn;
  if (!state.alerts.length) {
    $("alerts").replaceChildren(element("li", say("暂无提醒", "Nothing yet"), "empty"));
    return;
  }
  $("alerts").replaceChildren(...state.alerts.map((alert) => {
    const [kind, zh, en] = ALERTS[`${alert.type}/${alert.level}`] || ALERTS[alert.type] || ["due", alert.type, alert.type];
    const item = element("li", undefined, kind);
    const about = [alert.number, said(alert, "office"), said(alert, "kind")].filter(Boolean).join(" · ");
    const level = alert.type === "clock.due_soon" ? ` ${alert.level}` : "";
    const late = alert.late_seconds >= LATE_ENOUGH_TO_SAY ? ` · ${say("迟发", "said late by")} ${span(alert.late_seconds)}` : "";
    item.append(element("span", say(zh, en) + level, "tag"), element("span", about),
      element("small", `${say("到期", "due")} ${moment(alert.due_at)}${spare(alert.provisional)}${late}`), whyButton(`why-${alert.cursor}`, alert));
    return item;
  }));
}

function span(seconds) {
  const days = Math.floor(seconds / DAY_SECONDS), hours = Math.floor((seconds % DAY_SECONDS) / 3600);
  return days ? `${days} ${say("天", "d")}` : `${hours} ${say("小时", "h")}`;
}

function spare(provisional) {
  return provisional ? say("（暂定）", " (provisional)") : "";
}

function rung(level) {
  const [, zh, en] = RUNGS.find(([code]) => code === level) || [level, level, level];
  return say(zh, en);
}

function drawSupervisions() {
  const counts = state.overview.supervision || {};
  $("rungs").replaceChildren(...RUNGS.map(([level, zh, en]) => {
    const tag = element("li", undefined, counts[level] ? "some" : "");
    tag.append(`${say(zh, en)} `, element("b", counts[level] || 0));
    return tag;
  }));
  const titles = [["级别", "Level"], ["编号", "Number"], ["承办单位", "Held by"], ["时限", "Limit"], ["超期", "Late by"],
    ["已告知", "Told"], ["下一级", "Next"], ["依据", "Why"]];
  const head = element("thead"), row = element("tr"), body = element("tbody");
  for (const [zh, en] of titles) {
    const th = element("th", say(zh, en));
    th.scope = "col";
    row.append(th);
  }
  head.append(row);
  for (const one of state.supervisions) {
    const tr = element("tr"), th = element("th");
    th.scope = "row";
    th.append(element("span", rung(one.level), `rung ${one.level}`));
    const why = element("td");
    why.append(whyButton(`why-${one.clock_id}`, one));
    const next = one.paused ? say("暂停", "Paused") : one.next_at ? `${rung(one.next_level)} ${moment(one.next_at)}${spare(one.next_provisional)}` : "—";
    tr.append(th, element("td", one.number || "—"), element("td", said(one, "office") || say("无主", "Nobody")),
      element("td", said(one, "kind")), element("td", span(one.late_seconds), "late"),
      element("td", said(one, "told").join(say("、", ", ")), "told"), element("td", next), why);
    body.append(tr);
  }
  if (!state.supervisions.length) {
    const none = element("td", say("暂无督办事项", "Nothing is supervised"), "empty");
    none.colSpan = titles.length;
    const tr = element("tr");
    tr.append(none);
    body.append(tr);
  }
  $("supervisions").replaceChildren(head, body);
  const all = RUNGS.reduce((sum, [level]) => sum + (counts[level] || 0), 0);
  drawMore("supervisions", state.supervisions.length, all);
}

function draw() {
  document.documentElement.lang = state.language === "en" ? "en" : "zh-CN";
  $("language").textContent = say("English", "中文");
  $("language").lang = state.language === "en" ? "zh-CN" : "en";
  for (const part of document.querySelectorAll("[data-zh]")) part.textContent = part.dataset[state.language];
  $("enter").hidden = Boolean(state.token);
  $("board").hidden = !state.token || !state.overview;
  $("leave").hidden = !state.token;
  line(state.how);
  const overview = state.overview;
  if (!overview) return;
  $("where").textContent = said(overview, "office") || overview.area_zh || say("全域", "Whole installation");
  $("now").textContent = `${say("业务时间", "Business time")} ${moment(overview.now)}`;
  drawStanding(overview.standing || []);
  drawTiles(overview);
  drawTable("by_field", say("领域", "Field"), overview.by_field, "field");
  drawTable("by_area", say("地区", "Area"), overview.by_area, "area");
  const wanted = $("filter").value.trim();
  const names = (line) => [line.zh, line.en.toLowerCase(), line.office];
  const offices = overview.by_office.filter((line) => !wanted || names(line).some((name) => name.includes(wanted.toLowerCase())));
  if (state.sort) offices.sort((one, other) => other[state.sort] - one[state.sort]);
  drawTable("by_office", say("部门", "Office"), offices, "office");
  const focused = document.activeElement?.id;
  drawSupervisions();
  drawItems();
  drawAlerts();
  if (focused && document.activeElement?.id !== focused) $(focused)?.focus({ preventScroll: true });
}

function line(how) {
  state.how = how;
  const texts = { live: ["实时", "Live"], lost: ["连接中断，正在重连", "Connection lost, trying again"], "": ["", ""] };
  $("line").className = `line ${how}`;
  $("line").textContent = say(...texts[how]);
}

function leave(reason) {
  sessionStorage.removeItem("yimen.token");
  if (state.stop) state.stop.abort();
  $("why").close();
  Object.assign(state, { token: null, overview: null, supervisions: [], alerts: [], cursor: null, figure: null, items: [], sort: null,
    pages: { supervisions: 1, items: 1 } });
  $("refused").textContent = reason || "";
  line("");
  draw();
  $("token").focus();
}

async function refresh() {
  state.wanted = false;
  try {
    const [overview, supervisions] = await Promise.all([ask("/v1/overview"), pages("supervisions", "/v1/supervisions?")]);
    Object.assign(state, { overview, supervisions });
    await readItems();
    draw();
  } catch (error) {
    if (error.message === "refused") leave(say("令牌无效或已过期，请重新签发。", "The token is not valid or is out of date; ask for a new one."));
    else if (error.message === "forbidden") leave(say("令牌有效，但该角色无权查看看板；承办人员、协调人员和运维人员的令牌可以。",
      "The token is valid, but its role may not see the board; those of officers, coordinators and ops may."));
    else line("lost");
  }
}

function keep(alert) {
  state.cursor = alert.cursor;
  state.alerts = [alert, ...state.alerts].slice(0, SHOWN_ALERTS);
  state.wanted = true;
}

// EventSource cannot send the token, so the stream is read by hand.
async function listen() {
  while (state.token) {
    state.stop = new AbortController();
    try {
      const headers = { authorization: `Bearer ${state.token}` };
      if (state.cursor) headers["last-event-id"] = state.cursor;
      const reply = await fetch("/v1/alerts/stream", { headers, signal: state.stop.signal });
      if (!reply.ok) throw new Error(String(reply.status));
      line("live");
      const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const blocks = (rest + value.replaceAll("\r", "")).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
          const data = block.split("\n").filter((each) => each.startsWith("data:")).map((each) => each.slice(5).trim());
          if (data.some(Boolean)) keep(JSON.parse(data.join("\n")));
        }
      }
    } catch {
      // Said below, and tried again.
    }
    if (!state.token) return;
    line("lost");
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

async function askWhoExplains() {
  try {
    state.explained = await ask("/board.json");
    if (!localStorage.getItem("yimen.language")) state.language = state.explained.language || state.language;
  } catch {
    state.explained = {};
  }
}

function begin() {
  draw();
  const told = askWhoExplains().then(draw);
  if (!state.token) {
    $("token").focus();
    return;
  }
  told.then(refresh).then(() => { if (state.token) listen(); });
}

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  state.token = $("token").value.trim();
  sessionStorage.setItem("yimen.token", state.token);
  $("token").value = "";
  $("refused").textContent = "";
  begin();
});
$("language").addEventListener("click", () => {
  state.language = state.language === "en" ? "zh" : "en";
  localStorage.setItem("yimen.language", state.language);
  draw();
});
$("leave").addEventListener("click", () => leave());
$("close").addEventListener("click", () => $("why").close());
$("print").addEventListener("click", () => print());
$("why").addEventListener("close", () => {
  $("because").replaceChildren();
  if (state.why) $(state.why.id)?.focus();
});
$("filter").addEventListener("input", draw);
setInterval(() => { if (state.token && state.wanted) refresh(); }, REFRESH_MS);
setInterval(() => { if (state.token && state.overview) refresh(); }, IDLE_MS);
