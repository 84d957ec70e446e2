// Keeps what is typed as a draft on the server, a moment after each change. Without it the button does the same.
const PAUSE = 1500;

function begin(form) {
  const told = form.querySelector("[data-draft-told]");
  let timer = 0;
  let busy = false;
  let changed = false;
  let sent = false;

  async function save() {
    if (busy || sent) return;
    busy = true;
    changed = false;
    try {
      const body = new URLSearchParams(new FormData(form));
      const headers = { "x-draft": "1" };
      const answer = await fetch("/counter/drafts", { method: "POST", body, headers, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      form.elements.draft.value = await answer.text();
      told.textContent = form.dataset.kept;
    } catch (_) {
      told.textContent = form.dataset.broken;
    }
    busy = false;
    if (changed) later();
  }

  function later() {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  }

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("submit", () => { sent = true; clearTimeout(timer); });
}

document.querySelectorAll("form[data-draft]").forEach(begin);
