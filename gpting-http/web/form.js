// Labelled fields and forms: every field has a label, every error stands beside its field.
import { busy, el, freshId, sentenceOf } from "/web/dom.js";
import { t } from "/web/text.js";

/** Label, control, hint and error line of one field. `name` is the field's name on the wire. */
export function field(name, label, control, hint = null) {
  const id = freshId(name);
  const errorId = `${id}-error`;
  const hintId = `${id}-hint`;
  control.id = id;
  control.name = name;
  control.setAttribute("aria-describedby", hint ? `${hintId} ${errorId}` : errorId);
  return el("div", { class: "field", "data-field": name },
    el("label", { for: id }, label),
    control,
    hint ? el("p", { class: "hint", id: hintId }, hint) : null,
    el("p", { class: "field-error", id: errorId, role: "alert" }));
}

export const input = (attributes = {}) => el("input", { type: "text", ...attributes });

export function select(options, chosen, attributes = {}) {
  const node = el("select", attributes, options.map(([value, label]) => el("option", { value }, label)));
  node.value = chosen ?? "";
  return node;
}

/** A checkbox with its label around it. */
export function check(name, value, label, checked = false, attributes = {}) {
  const box = el("input", { type: "checkbox", name, value, ...attributes });
  box.checked = checked;
  return el("label", { class: "check" }, box, el("span", {}, label));
}

/** A group of checkboxes under one legend. `options` are `[value, label]`. */
export function checks(name, legend, options, chosen = []) {
  const picked = new Set(chosen.map(String));
  return el("fieldset", { class: "field", "data-field": name },
    el("legend", {}, legend),
    el("div", { class: "chips" }, options.map(([value, label]) => check(name, value, label, picked.has(String(value))))),
    el("p", { class: "field-error", role: "alert" }));
}

/** What is ticked under `name`. */
export const ticked = (form, name) =>
  [...form.querySelectorAll(`input[type=checkbox][name="${name}"]`)].filter((box) => box.checked).map((box) => box.value);

/** A form that sends itself with `send(form, data)`; `label` names its button.
 *  Problems with fields are shown beside them, the rest above the button. */
export function form(fields, label, send, attributes = {}) {
  const button = el("button", { type: "submit", class: "primary" }, label);
  const general = el("p", { class: "form-error", role: "alert" });
  const node = el("form", { novalidate: true, ...attributes }, fields, general, el("div", { class: "row" }, button));
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    clearErrors(node);
    if (!complete(node)) return;
    busy(button, () => send(node, new FormData(node)), (problem) => showErrors(node, problem));
  });
  return node;
}

/** The browser's own checks (required, length, type), said beside the field instead of in a bubble. */
function complete(node) {
  const wrong = [...node.elements].filter((control) => control.willValidate && !control.validity.valid);
  for (const control of wrong) {
    const key = control.validity.valueMissing ? "error.required" : "error.invalid";
    const box = control.closest("[data-field]");
    if (box) setError(box, [t(key)]);
    else node.querySelector(".form-error").textContent = t(key);
  }
  wrong[0]?.focus();
  return wrong.length === 0;
}

function clearErrors(node) {
  for (const line of node.querySelectorAll(".field-error, .form-error")) line.textContent = "";
  for (const control of node.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

function setError(box, sentences) {
  box.querySelector(".field-error").textContent = sentences.join(" ");
  for (const control of box.querySelectorAll("input, select, textarea")) control.setAttribute("aria-invalid", "true");
}

/** Puts the sentences of a problem where they belong; a field the form does not have is said above the button. */
export function showErrors(node, problem) {
  if (problem?.code === "signed_out") return;
  if (!problem?.code) console.error(problem);
  const loose = [];
  let first = null;
  for (const [name, sentences] of Object.entries(problem?.errors ?? {})) {
    // `attributes.height` or `attributes[0]` belong to the field `attributes` when there is no closer one.
    const exact = node.querySelector(`[data-field="${CSS.escape(name)}"]`);
    const box = exact ?? node.querySelector(`[data-field="${CSS.escape(name.split(/[.[]/)[0])}"]`);
    if (box) {
      setError(box, [sentences].flat());
      first ??= box.querySelector("input, select, textarea");
    } else loose.push(...[sentences].flat());
  }
  const general = node.querySelector(".form-error");
  general.textContent = first && loose.length === 0 ? "" : [sentenceOf(problem), ...loose].join(" ");
  first?.focus();
}
