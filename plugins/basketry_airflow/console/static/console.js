// What the pages do in the browser: tool tips by pointer and arrow keys, sorting, filters that apply at once, and runs of
// DAGs, which Airflow's own API starts as the person who is logged in. Without it every page still shows everything.
"use strict";
(() => {
  const tip = document.getElementById("tip");
  const spoken = document.getElementById("spoken");

  function show(mark, x, y) {
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
    tip.style.top = `${y + box.height + 24 > innerHeight ? Math.max(8, y - box.height - 12) : y + 16}px`;
  }
  const hide = () => { tip.hidden = true; };

  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest("[data-tip]");
    if (mark) show(mark, event.clientX, event.clientY); else hide();
  });
  document.addEventListener("pointerleave", hide);

  // A chart takes the focus once; the arrow keys then walk through what it shows.
  for (const chart of document.querySelectorAll(".chart[tabindex]")) {
    const marks = [...chart.querySelectorAll("[data-tip]")];
    let at = -1;
    const go = (next) => {
      if (!marks.length) return;
      marks[at]?.classList.remove("on");
      at = Math.max(0, Math.min(marks.length - 1, next));
      marks[at].classList.add("on");
      const box = marks[at].getBoundingClientRect();
      show(marks[at], box.left + box.width / 2, box.top + Math.min(40, box.height / 2));
      spoken.textContent = marks[at].dataset.tip.replaceAll("\n", ", ");
    };
    chart.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: marks.length - 1 };
      if (event.target === chart && event.key in steps) { event.preventDefault(); go(steps[event.key]); }
      if (event.key === "Escape") hide();
    });
    chart.addEventListener("blur", () => { marks[at]?.classList.remove("on"); at = -1; hide(); });
  }

  for (const field of document.querySelectorAll("form[data-at-once] select")) {
    field.addEventListener("change", () => field.form.requestSubmit());
  }

  function sort(table, column, head) {
    const rising = head.getAttribute("aria-sort") === "descending";
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    const compare = (one, other) => {
      const [a, b] = [key(one), key(other)];
      const order = a !== "" && b !== "" && !isNaN(a) && !isNaN(b) ? a - b : a.localeCompare(b);
      return rising ? order : -order;
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
  }
  for (const table of document.querySelectorAll("table[data-sort]")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, column, head));
    });
  }

  // A page of Airflow's own opens in the window around us: the frame itself may not leave its place.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-airflow]");
    if (!link || window.parent === window) return;
    event.preventDefault();
    const outside = window.parent.document.createElement("a");
    outside.href = link.href;
    window.parent.document.body.append(outside);
    outside.click();
    outside.remove();
  });

  const value = (field) => (field.type === "checkbox" ? field.checked : field.value);
  async function ask(method, address, body) {
    const answer = await fetch(address, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    const content = await answer.json().catch(() => ({}));
    if (answer.ok) return content;
    const detail = typeof content.detail === "string" ? content.detail : content.detail?.message ?? JSON.stringify(content.detail ?? "");
    throw { text: answer.status === 403 ? "Airflow does not let you do that." : `Airflow refused (${answer.status}): ${detail}` };
  }
  // A run of a paused DAG never begins, so nothing is started in one; it is unpaused only where the form has said so.
  async function unpaused(form) {
    const dag = await ask("GET", form.dataset.dag);
    if (!dag.is_paused) return;
    if (!("unpauses" in form.dataset)) throw { text: "Nothing was started: the DAG was paused since this page was opened. Open it anew." };
    await ask("PATCH", `${form.dataset.dag}?update_mask=is_paused`, { is_paused: false });
  }
  async function trigger(form) {
    const outcome = form.querySelector(".outcome");
    const button = form.querySelector("button");
    const conf = Object.fromEntries([...form.elements].filter((field) => field.name).map((field) => [field.name, value(field)]));
    outcome.className = "outcome";
    outcome.textContent = "Starting …";
    button.disabled = true;
    try {
      await unpaused(form);
      const run = await ask("POST", form.action, { conf, logical_date: null });
      outcome.classList.add("good");
      outcome.textContent = `Started: ${run.dag_run_id}. `;
      const link = document.createElement("a");
      link.href = form.dataset.runs + encodeURIComponent(run.dag_run_id);
      link.dataset.airflow = "";
      link.textContent = "See the run";
      outcome.append(link);
    } catch (problem) {
      outcome.classList.add("bad");
      outcome.textContent = problem.text ?? "Airflow did not answer: try again.";
    } finally {
      button.disabled = false;
    }
  }
  for (const form of document.querySelectorAll("form[data-trigger]")) {
    form.addEventListener("submit", (event) => { event.preventDefault(); trigger(form); });
  }
})();
