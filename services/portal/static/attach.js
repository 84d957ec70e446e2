// Attaches files by drag, paste, camera or choice, part by part, and goes on where the line broke.
// Without it the form works as it stands.
const PART = 512 * 1024;
const TRIES = 6;

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

class Refused extends Error {}

async function ask(form, fields, part) {
  const body = new FormData();
  body.append("csrf", form.elements.csrf.value);
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  if (part) body.append("file", part, "part");
  const answer = await fetch(`${form.action}/parts`, { method: "POST", body, credentials: "same-origin" });
  if (!(answer.headers.get("content-type") || "").includes("json")) {
    if (answer.status >= 500) throw new Error(String(answer.status));
    throw new Refused(form.dataset.ended);
  }
  const told = await answer.json();
  if (answer.ok) return told;
  if (answer.status >= 500) throw new Error(String(answer.status));
  throw new Refused(told.detail);
}

async function send(form, file, show) {
  let upload = "";
  let offset = 0;
  let failed = 0;
  while (!upload || offset < file.size) {
    try {
      if (failed && upload) offset = (await ask(form, { upload })).offset;
      if (upload && offset >= file.size) break;
      const material = form.elements.material ? form.elements.material.value : "";
      const fields = { upload, offset, name: file.name, size: file.size, material };
      const told = await ask(form, fields, file.slice(offset, offset + PART));
      ({ upload, offset } = told);
      failed = 0;
      show(offset);
    } catch (error) {
      failed += 1;
      if (error instanceof Refused || failed > TRIES) throw error;
      await wait(500 * 2 ** failed);
    }
  }
}

function row(list, file) {
  const item = document.createElement("li");
  const bar = document.createElement("progress");
  const text = document.createElement("span");
  const name = document.createElement("bdi");
  name.textContent = file.name;
  bar.max = file.size || 1;
  bar.setAttribute("aria-label", file.name);
  item.append(name, " ", text, " ", bar);
  list.append(item);
  list.hidden = false;
  return { bar, text };
}

function begin(form) {
  const list = form.querySelector("ul");
  let busy = 0;
  let failures = 0;
  let last = Promise.resolve();

  async function one(file) {
    const { bar, text } = row(list, file);
    text.textContent = form.dataset.sending;
    try {
      await send(form, file, (offset) => { bar.value = offset; });
      text.textContent = form.dataset.kept;
      bar.value = bar.max;
    } catch (error) {
      failures += 1;
      text.className = "fault";
      text.textContent = error instanceof Refused ? error.message : form.dataset.broken;
      bar.remove();
    }
  }

  function take(files) {
    for (const file of files) {
      busy += 1;
      last = last.then(() => one(file)).then(finish);
    }
  }

  function finish() {
    busy -= 1;
    if (busy) return;
    if (!failures) { location.assign(form.dataset.done); return; }
    const link = document.createElement("a");
    link.href = form.dataset.done.split("?")[0];
    link.textContent = form.dataset.again;
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }

  const card = form.closest("section") || form;
  const holds = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  form.querySelector("[data-drop]").hidden = false;
  form.querySelector("button").hidden = true;
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
  }
  card.addEventListener("dragover", (event) => { if (holds(event)) { event.preventDefault(); card.classList.add("over"); } });
  card.addEventListener("dragleave", () => card.classList.remove("over"));
  card.addEventListener("drop", (event) => {
    if (!holds(event)) return;
    event.preventDefault();
    card.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData ? [...event.clipboardData.files] : [];
    if (files.length) { event.preventDefault(); take(files); }
  });
  window.addEventListener("beforeunload", (event) => { if (busy) event.preventDefault(); });
}

document.querySelectorAll("form[data-attach]").forEach(begin);
