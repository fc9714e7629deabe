// Relative times, copying, revealing secrets, samples, unsaved changes, keys, focus and errors around htmx.
// Every page works without this file.
"use strict";
(() => {
  const body = () => document.body;
  const say = (word) => body().dataset["say" + word[0].toUpperCase() + word.slice(1)] || "";
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (name, handle) => document.addEventListener(name, handle);

  function announce(text) {
    const region = find("#status");
    if (!region) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 50);
  }

  // htmx itself shows neither a response of 400 or more nor a lost connection.
  function alarm(text) {
    const region = find("#alert");
    if (!region) return;
    const note = document.createElement("div");
    const words = document.createElement("p");
    const close = document.createElement("button");
    note.className = "note bad alarm";
    words.textContent = text;
    close.type = "button";
    close.className = "btn small";
    close.dataset.dismiss = "";
    close.textContent = say("close");
    note.append(words, close);
    region.replaceChildren(note);
  }

  // ---- Times -------------------------------------------------------------------------------------
  // Intl takes 20 ms at first: nothing asks it while a page comes up, nor tells the server the zone before.
  function noteZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && !document.cookie.split("; ").includes(`timezone=${zone}`))
      document.cookie = `timezone=${zone}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  }
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, noteZone, { capture: true, once: true });

  // Units and rounding as on the server (web/localised.py): taking over moves nothing.
  const UNITS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30]];
  let relative;

  function inWords(moment) {
    relative ||= new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
    let amount = (moment - Date.now()) / 1000;
    if (Math.abs(amount) < 10) return say("now");
    for (const [unit, size] of UNITS) {
      if (Math.abs(Math.round(amount)) < size) return relative.format(Math.round(amount), unit);
      amount /= size;
    }
    return "";
  }

  function freshen(root = document) {
    for (const element of all("time[data-relative]", root)) {
      const words = inWords(Date.parse(element.dateTime));
      // Older than a month: the server's own date says more than "7 months ago".
      if (words && element.textContent !== words) element.textContent = words;
    }
  }

  // ---- Copying: plain http has no clipboard API, but execCommand ------------------------------------
  function copyByCommand(text) {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "sr";
    field.style.whiteSpace = "pre"; // keeps line breaks and indents
    field.readOnly = true;
    body().append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }

  async function copy(button) {
    const text = button.dataset.copy || find("pre", button.closest(".snippet")).textContent;
    let done = false;
    try {
      if (navigator.clipboard) { await navigator.clipboard.writeText(text); done = true; }
    } catch { /* refused: execCommand below */ }
    done ||= copyByCommand(text);
    button.focus();
    if (!done) return;
    announce(button.dataset.copied || say("copied"));
    const use = find("use", button);
    const words = find("span:not(.sr)", button);
    const before = { icon: use.getAttribute("href"), words: words?.textContent };
    if (button.classList.contains("done")) return;
    button.classList.add("done");
    use.setAttribute("href", before.icon.replace(/#.*/, "#check"));
    if (words) words.textContent = say("copied");
    setTimeout(() => {
      button.classList.remove("done");
      use.setAttribute("href", before.icon);
      if (words) words.textContent = before.words;
    }, 2000);
  }

  // ---- Forms -------------------------------------------------------------------------------------
  function reveal(button) {
    const field = document.getElementById(button.dataset.reveal);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.title = say(shown ? "hide" : "show");
    field.focus();
  }

  function tick(button) {
    const boxes = all(`${button.dataset.tick} input`);
    for (const box of boxes) box.checked = button.dataset.to === "all";
    boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // The sample is the field's text, which shows until somebody types; a new field shows it again.
  function restore(button) {
    const field = () => document.getElementById(button.dataset.restore);
    field().outerHTML = field().outerHTML;
    field().focus();
    button.hidden = true;
  }

  function offerRestore(field) {
    const button = find(`[data-restore="${field.id}"]`);
    if (button) button.hidden = field.value === field.defaultValue;
  }

  const guarded = () => all("form[data-guard]").some((form) => form.dataset.changed && !form.dataset.sending);

  function noteChange(event) {
    const form = event.target.form;
    if (form?.hasAttribute("data-guard") && !event.target.closest("[data-unguarded]")) form.dataset.changed = "yes";
  }

  // ---- Every new part of a page --------------------------------------------------------------------
  function prepare(root) {
    find("[data-focus-first]", root)?.focus();
    const notes = all("[data-announce]", root).map((note) => note.textContent.trim());
    if (notes.length) announce(notes.join(" "));
  }

  on("DOMContentLoaded", () => prepare(document));
  on("htmx:load", (event) => { if (event.target !== body()) prepare(event.target); });
  on("htmx:historyRestore", () => prepare(document));
  on("visibilitychange", () => freshen());
  setInterval(freshen, 20000);
  // Every second where something is awaited: "in 42 seconds".
  setInterval(() => all("[data-polls]").forEach((part) => freshen(part)), 1000);
  // Live, but not while somebody points at the list, is in it or has scrolled down.
  setInterval(() => {
    const come = find("[data-live]");
    if (come && !document.hidden && scrollY < 80 && !find(".rows:is(:hover, :focus-within)")) htmx.trigger(come, "come");
  }, 1000);

  on("click", (event) => {
    const at = (selector) => event.target.closest?.(selector);
    let found;
    if (at("[data-opens]") && !event.ctrlKey && !event.metaKey && openJump()) event.preventDefault();
    else if (at("[data-closes]") || event.target.matches?.("dialog.pop")) at("dialog").close();
    else if ((found = at("[data-copy]"))) copy(found);
    else if ((found = at("[data-reveal]"))) reveal(found);
    else if ((found = at("[data-tick]"))) tick(found);
    else if ((found = at("[data-dismiss]"))) found.closest(".note").remove();
    else if ((found = at("[data-restore]"))) restore(found);
  });
  on("input", (event) => {
    noteChange(event);
    if (event.target.matches("textarea")) offerRestore(event.target);
  });
  on("change", (event) => {
    noteChange(event);
    const { form, checked, dataset } = event.target;
    if (dataset.checkAll) all(`[name="${dataset.checkAll}"]`, form).forEach((box) => { box.checked = checked; });
  });

  // A form is sent once. Coming Back makes it usable again.
  on("submit", (event) => {
    const form = event.target;
    // `form.method` may be a field of that name.
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (form.dataset.sending) event.preventDefault();
    else form.dataset.sending = "yes";
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) freshen();
    for (const form of all("form[data-sending]")) delete form.dataset.sending;
  });
  window.addEventListener("beforeunload", (event) => { if (guarded()) event.preventDefault(); });

  // ---- Jump and keys -------------------------------------------------------------------------------
  function openJump() {
    const field = find("#jump-q");
    const dialog = field?.closest("dialog");
    if (dialog && !dialog.open) {
      dialog.showModal();
      htmx.trigger(field, "opened");
    }
    field?.select();
    return Boolean(field);
  }

  async function showKeys() {
    const dialog = find("#keys");
    if (!dialog || dialog.open) return;
    const part = find(".body", dialog);
    if (!part.childElementCount) await htmx.ajax("GET", find("[data-keys]").dataset.help, { target: part, source: dialog });
    dialog.showModal();
  }

  // From row to row by its first link; a row without one is passed over.
  function step(by) {
    const rows = all("main :is(.rows tbody tr, .places li):has(a)");
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : here + by];
    if (next) find("a", next).focus();
  }

  const KEYS = {
    "/": openJump,
    "?": showKeys,
    n() { const to = find("[data-keys]").dataset.new; if (to) location.assign(to); },
    t() { find("#test-send")?.click(); },
    j: () => step(1),
    k: () => step(-1),
  };

  // Keys are told by their place on a Cyrillic layout.
  function latin(event) {
    if (event.code === "Slash" && ".,".includes(event.key)) return event.shiftKey ? "?" : "/";
    const place = /^Key([A-Z])$/.exec(event.code);
    return place && !/^[a-z]$/i.test(event.key) ? place[1].toLowerCase() : event.key;
  }

  on("keydown", (event) => {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && !"jk".includes(event.key)) return;
    if (event.key === "Escape") target.closest?.("dialog")?.close();
    const found = target.closest?.("#jump-found, .jump");
    if (found && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      const places = [find("#jump-q"), ...all("#jump-found a")];
      places[places.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
      return event.preventDefault();
    }
    if (!find("[data-keys]") || find("dialog[open]") || target.matches?.("input, textarea, select")) return;
    const act = KEYS[latin(event)];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // ---- Around htmx -------------------------------------------------------------------------------
  const askedFrom = new WeakMap();
  let putBack = null;

  // A button or a link in a row has its address once, for htmx too.
  on("htmx:configRequest", ({ detail }) => {
    const { elt } = detail;
    if (elt.getAttribute(`hx-${detail.verb}`) === "") detail.path = elt.getAttribute("formaction") ?? elt.href;
  });
  on("htmx:beforeRequest", (event) => {
    // A hidden page does not poll.
    if (document.hidden && event.target.hasAttribute("data-while-visible")) event.preventDefault();
    const active = document.activeElement;
    askedFrom.set(event.detail.requestConfig, active && active !== body() ? active : null);
  });
  on("htmx:afterSettle", (event) => {
    const config = event.detail.requestConfig;
    const from = config && askedFrom.get(config);
    const wanted = config?.elt?.dataset?.focus;
    if (wanted && config.triggeringEvent?.type !== "come") find(wanted)?.focus();
    else if (from) keepFocus(from);
  });

  on("htmx:afterOnLoad", (event) => {
    const { target } = event.detail;
    if (target.matches("textarea")) offerRestore(target);
  });

  // Focus lost to a swap or a disabled button goes to the element of the same id, or to main, and on from
  // where an earlier request has put it.
  function keepFocus(from) {
    const active = document.activeElement;
    if (active && ![body(), find("#main"), putBack].includes(active)) return;
    const same = from.isConnected ? from : from.id && document.getElementById(from.id);
    putBack = same || find("#main");
    putBack.focus({ preventScroll: true });
  }

  function failed(event, words) {
    alarm(words);
    const { elt, requestConfig } = event.detail;
    const from = requestConfig && askedFrom.get(requestConfig);
    if (from) setTimeout(() => keepFocus(from), 0);
    // A part that polls goes on more slowly until the console is back.
    if (elt?.hasAttribute("data-polls")) setTimeout(() => htmx.trigger(elt, "again"), 3000);
  }

  on("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    const words = { 400: "stale", 403: "forbidden", 404: "missing", 413: "large", 429: "throttled" };
    failed(event, say(words[status] || "failed"));
  });
  on("htmx:sendError", (event) => failed(event, say("offline")));
  on("htmx:timeout", (event) => failed(event, say("timeout")));
  on("htmx:beforeSwap", () => find("#alert .alarm")?.remove());
})();
