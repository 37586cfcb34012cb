// Saves each answer as it is given, one after the other, and says "Saved" only when the server has it for good.
"use strict";
{
  const words = document.querySelector("[data-save-to]").dataset;
  const form = document.querySelector("[data-save-to] form");
  const pageStatus = form.querySelector("[data-page-status]");
  const waiting = [];
  let working = null;

  const pause = (time) => new Promise((done) => setTimeout(done, time));
  const say = (item, text) => { item.querySelector("[data-status]").textContent = text; };
  const fieldOf = (item) => item.querySelector("input[type=radio]").name;

  function give(item, value) {
    // The first in line may be with the server already: it stays, so that its reply is not missed.
    const place = waiting.findIndex((entry, index) => index > 0 && entry.item === item);
    if (place > 0) waiting.splice(place, 1);
    waiting.push({ item, value });
    say(item, words.saving);
    working ??= work();
  }

  async function work() {
    for (let wait = 1000; waiting.length; ) {
      const { item, value } = waiting[0];
      const reply = await send(fieldOf(item), value);
      if (reply) {
        waiting.shift();
        wait = 1000;
        pageStatus.textContent = "";
        settle(item, reply);
      } else {
        say(item, words.waiting);
        await pause(wait);
        wait = Math.min(wait * 2, 15000);
      }
    }
    working = null;
  }

  // Returns what the server says, or nothing when it is worth trying again.
  async function send(field, value) {
    const headers = { "X-CSRFToken": form.elements.csrf_token.value };
    try {
      const response = await fetch(words.saveTo, { method: "POST", body: new URLSearchParams([[field, value]]), headers, keepalive: true });
      if (response.status >= 500 || response.status === 429) return null;
      if (response.status === 401) return { message: words.signedOut };
      const said = response.headers.get("Content-Type") === "application/json" ? await response.json() : {};
      return response.ok ? { ...said, message: value ? words.saved : words.cleared } : { message: words.failed, ...said };
    } catch {
      return null;
    }
  }

  // Carries on from the revision the server names; where an answer given elsewhere is in force, that one is shown.
  function settle(item, reply) {
    const old = fieldOf(item);
    if (reply.field) item.querySelectorAll("input[type=radio], button[name=clear]").forEach((control) => {
      control[control.name === old ? "name" : "value"] = reply.field;
    });
    if (waiting.some((entry) => entry.item === item)) return;
    if ("value" in reply) choose(item, reply.value);
    item.classList.toggle("item-disputed", "value" in reply);
    say(item, reply.message);
  }

  function choose(item, value) {
    item.querySelectorAll("input[type=radio]").forEach((radio) => { radio.checked = radio.value === value; });
  }

  form.addEventListener("change", (event) => {
    if (event.target.type === "radio") give(event.target.closest("[data-item]"), event.target.value);
  });

  form.addEventListener("click", (event) => {
    const clear = event.target.closest("button[name=clear]");
    if (!clear) return;
    event.preventDefault();
    const item = clear.closest("[data-item]");
    choose(item, null);
    give(item, "");
  });

  form.addEventListener("submit", async (event) => {
    if (!waiting.length) return;
    event.preventDefault();
    await Promise.race([working, pause(5000)]);
    if (waiting.length) pageStatus.textContent = words.waiting;
    else form.requestSubmit(event.submitter);
  });

  addEventListener("beforeunload", (event) => { if (waiting.length) event.preventDefault(); });
  // A page taken out of the browser's memory may show old answers: ask for it anew.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
