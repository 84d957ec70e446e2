// Says that a list or the board is no longer what it was when it was shown. What somebody reads stays where it is;
// only a wall, at which nobody sits, shows the new figures at once.
const bar = document.querySelector("[data-live]");
const title = document.title;
const AGAIN_MS = 30000;
const MINUTE_MS = 60000;
const wall = "swap" in bar.dataset;
let source = null;

function known() {
  const rows = new Map();
  for (const row of document.querySelectorAll("main [data-row]")) rows.set(row.dataset.row, row.dataset.mark);
  return rows;
}

function compare(told) {
  const rows = known();
  let fresh = 0;
  let changed = 0;
  for (const id of Object.keys(told)) {
    if (!rows.has(id)) fresh += 1;
    else if (rows.get(id) !== told[id]) changed += 1;
  }
  for (const id of rows.keys()) if (!(id in told)) changed += 1;
  return { fresh, changed };
}

function words(fresh, changed) {
  if (document.querySelector("main [data-row=figures]")) return changed ? bar.dataset.figures : "";
  const said = [];
  if (fresh) said.push(bar.dataset.new.replace("#", fresh));
  if (changed) said.push(bar.dataset.changed.replace("#", changed));
  return said.join(" ");
}

function say(text) {
  bar.hidden = !text;
  if (bar.dataset.said === text) return;
  bar.dataset.said = text;
  const again = document.createElement("a");
  again.href = bar.dataset.own;
  again.textContent = bar.dataset.reload;
  bar.replaceChildren(text + " ", again);
}

async function swap() {
  const answer = await fetch(bar.dataset.own, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [now, then] = [document, page].map((one) => one.querySelector("[data-figures-of]"));
  now.replaceChildren(...then.childNodes);
}

function show() {
  swap().then(() => say(""), () => say(bar.dataset.lost));
}

function onRows(event) {
  const { fresh, changed } = compare(JSON.parse(event.data));
  if (wall) {
    if (fresh || changed) show();
    return;
  }
  say(words(fresh, changed));
  document.title = fresh ? `(${fresh}) ${title}` : title;
}

function listen() {
  if (source || document.hidden) return;
  source = new EventSource(bar.dataset.live);
  source.addEventListener("rows", onRows);
  source.addEventListener("error", () => {
    if (!source || source.readyState !== EventSource.CLOSED) return; // else the browser tries again by itself
    say(bar.dataset.lost);
    stop();
    setTimeout(listen, AGAIN_MS);
  });
}

// A browser keeps six connections to one place; pages that nobody sees need none.
function stop() {
  if (source) source.close();
  source = null;
}

// Only a person may ask for the whole screen, and a page that is loaded again loses it: so the wall never is.
const full = document.querySelector("[data-fullscreen]");
if (full && document.fullscreenEnabled) {
  full.hidden = false;
  full.addEventListener("click", () => document.documentElement.requestFullscreen());
  document.addEventListener("fullscreenchange", () => { full.hidden = Boolean(document.fullscreenElement); });
}

document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
window.addEventListener("pagehide", stop);
if (wall) setInterval(show, MINUTE_MS); // so that its clock says that it lives
listen();
