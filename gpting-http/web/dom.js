// Building blocks of the page. Text always enters as text nodes, never as HTML,
// so nothing another person wrote can become markup.
import { t } from "/web/text.js";

/** Makes an element: `el("p", { class: "hint" }, "text", child)`.
 *  `on*` functions become listeners, booleans become attributes, null children are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An id no other element has, for `for`, `aria-describedby` and the like. */
let lastId = 0;
export const freshId = (name) => `${name}-${++lastId}`;

let toastTimer;
/** Says one sentence at the foot of the page; screen readers hear it. `action` is an optional button. */
export function say(sentence, action = null) {
  const toast = document.getElementById("toast");
  clearTimeout(toastTimer);
  toast.replaceChildren(el("span", {}, sentence), ...(action ? [action] : []));
  toast.classList.add("shown");
  toastTimer = setTimeout(() => {
    toast.classList.remove("shown");
    toast.replaceChildren();
  }, action ? 10000 : 5000);
}

/** Runs `work` with the button disabled, so that a second press cannot send a second request.
 *  A failure is said aloud unless `onError` takes it. */
export async function busy(button, work, onError = null) {
  if (button.disabled) return undefined;
  const hadFocus = document.activeElement === button;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (problem) {
    (onError ?? sayProblem)(problem);
    return undefined;
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
    if (hadFocus && button.isConnected && document.activeElement === document.body) button.focus();
  }
}

/** A button whose click runs `work` through `busy`. */
export function action(label, work, attributes = {}) {
  const button = el("button", { type: "button", ...attributes }, label);
  button.addEventListener("click", () => busy(button, () => work(button)));
  return button;
}

/** The sentence of a problem, with the wait the server asked for. */
export function sentenceOf(problem) {
  const sentence = problem?.message || t("error.unknown");
  return problem?.retryAfter ? `${sentence} ${t("error.retry_after", { seconds: problem.retryAfter })}` : sentence;
}

export function sayProblem(problem) {
  // Whoever was sent to the login page needs no second sentence about it.
  if (problem?.code === "signed_out") return;
  if (!problem?.code) console.error(problem);
  say(sentenceOf(problem));
}

/** A block that stands where content could not be loaded, with a way to try again. */
export function failure(problem, retry) {
  return el("div", { class: "notice error", role: "alert" },
    el("p", {}, sentenceOf(problem)),
    retry ? action(t("action.retry"), retry) : null);
}

/** Puts what `load` made into `box`; failures can be retried in place. Until then an empty box shows
 *  a waiting line, a filled one keeps what it has. */
export async function fill(box, load) {
  box.setAttribute("aria-busy", "true");
  if (!box.hasChildNodes()) box.append(el("p", { class: "hint" }, t("state.loading")));
  try {
    box.replaceChildren(...[await load()].flat().filter(Boolean));
  } catch (problem) {
    if (!problem?.code) console.error(problem);
    box.replaceChildren(failure(problem, () => fill(box, load)));
  } finally {
    box.removeAttribute("aria-busy");
  }
}

/** A modal window. The browser's own `<dialog>` keeps the focus inside and gives it back. */
export function openDialog(title, ...content) {
  const titleId = freshId("dialog");
  const dialog = el("dialog", { "aria-labelledby": titleId },
    el("div", { class: "dialog-head" },
      el("h2", { id: titleId }, title),
      el("button", { type: "button", class: "quiet", onclick: () => dialog.close(), "aria-label": t("action.close") }, "✕")),
    ...content);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks before something that cannot be taken back; resolves to true or false. */
export function confirmed(question, yes = t("action.confirm")) {
  return new Promise((resolve) => {
    let answer = false;
    const dialog = openDialog(question,
      el("div", { class: "row end" },
        el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, t("action.cancel")),
        el("button", { type: "button", class: "danger", onclick: () => { answer = true; dialog.close(); } }, yes)));
    dialog.addEventListener("close", () => resolve(answer));
  });
}

/** A link inside the client. */
export const link = (href, label, attributes = {}) => el("a", { href, ...attributes }, label);

/** The head of every page; the router moves the focus to it. */
export const heading = (title, ...beside) => el("div", { class: "heading" }, el("h1", { tabindex: "-1" }, title), ...beside);

/** A part of the page with a heading of its own. */
export function section(id, title, ...children) {
  return el("section", { class: "panel", id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), children);
}
