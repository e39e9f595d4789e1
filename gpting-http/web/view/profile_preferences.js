// Whom the member looks for: genders, age, distance, and rules about attributes.
import { put } from "/web/api.js";
import { action, el, say, section } from "/web/dom.js";
import { checks, field, form, input, select, ticked } from "/web/form.js";
import { t } from "/web/text.js";

const STRENGTHS = ["must", "prefer", "avoid", "never"];
const KINDS = ["distance", "age", "interests", "questions", "attributes"];
const WEIGHTS = ["off", "low", "normal", "high"];
const YOUNGEST = 18;
const OLDEST = 99;

export function preferenceSection(preferences, schema) {
  const choosable = schema.filter((entry) => entry.kind !== "number");
  const known = (rule) => choosable.some((entry) => entry.code === rule.attribute);
  // A rule this page cannot show (a range of heights) is kept as it is.
  const kept = (preferences.attributes ?? []).filter((rule) => !known(rule));
  const number = (value, attributes) => input({ type: "number", inputmode: "numeric", required: true, value: value ?? "", ...attributes });
  const youngest = number(preferences.age_min ?? YOUNGEST, { min: YOUNGEST, max: OLDEST });
  const oldest = number(preferences.age_max ?? OLDEST, { min: YOUNGEST, max: OLDEST });
  const distance = input({ type: "number", inputmode: "numeric", min: 1, max: 500, value: preferences.max_distance_km ?? "" });
  const weights = KINDS.map((kind) => [kind, select(WEIGHTS.map((level) => [level, t(`weight.${level}`)]), preferences.weights?.[kind] ?? "normal")]);
  const rules = el("ul", { class: "rules" });
  for (const rule of (preferences.attributes ?? []).filter(known)) rules.append(ruleLine(rule));
  const add = action(t("preferences.add"), () => {
    const line = ruleLine({ attribute: choosable[0].code, values: [], strength: "prefer" });
    rules.append(line);
    line.querySelector("select").focus();
  });

  return section("preferences", t("preferences.title"),
    form([
      checks("genders", t("preferences.genders"), ["F", "M", "O"].map((code) => [code, t(`gender.${code}`)]), preferences.genders ?? []),
      el("div", { class: "grid" },
        field("age_min", t("preferences.age_min"), youngest),
        field("age_max", t("preferences.age_max"), oldest),
        field("max_distance_km", t("preferences.distance"), distance, t("preferences.distance_hint"))),
      el("fieldset", { class: "field", "data-field": "weights" },
        el("legend", {}, t("preferences.weights")),
        el("div", { class: "grid" }, weights.map(([kind, control]) => field(`weights.${kind}`, t(`filter.${kind}`), control))),
        el("p", { class: "field-error", role: "alert" })),
      el("fieldset", { class: "field", "data-field": "attributes" },
        el("legend", {}, t("preferences.rules")),
        el("p", { class: "hint" }, t("preferences.rules_hint")),
        rules,
        el("p", { class: "field-error", role: "alert" }),
        choosable.length > 0 ? add : null),
    ], t("action.save"), async (node) => {
      const answer = await put("/api/accounts/preferences/", {
        genders: ticked(node, "genders"),
        age_min: Number(youngest.value),
        age_max: Number(oldest.value),
        max_distance_km: distance.value === "" ? null : Number(distance.value),
        weights: Object.fromEntries(weights.map(([kind, control]) => [kind, control.value])),
        attributes: [...kept, ...[...rules.children].map((line) => line.rule()).filter((rule) => rule.values.length > 0)],
      });
      say(answer?.message || t("state.saved"));
    }));

  /** One rule: attribute, how strong, which values. Its node says the rule back by `rule()`. */
  function ruleLine(rule) {
    const attribute = select(choosable.map((entry) => [entry.code, entry.label]), rule.attribute, { "aria-label": t("preferences.attribute") });
    const strength = select(STRENGTHS.map((code) => [code, t(`strength.${code}`)]), rule.strength, { "aria-label": t("preferences.strength") });
    const values = el("div", { class: "chips", role: "group", "aria-label": t("preferences.values") });
    const drawValues = (chosen) => {
      const entry = choosable.find((one) => one.code === attribute.value);
      values.replaceChildren(...entry.values.map(([code, label]) => {
        const box = el("input", { type: "checkbox", value: code });
        box.checked = chosen.includes(code);
        return el("label", { class: "check" }, box, el("span", {}, label));
      }));
    };
    attribute.addEventListener("change", () => drawValues([]));
    drawValues(rule.values ?? []);
    const line = el("li", {},
      el("div", { class: "row" }, attribute, strength,
        el("button", { type: "button", class: "quiet", onclick: () => { line.remove(); add.focus(); } }, t("action.delete"))),
      values);
    line.rule = () => ({
      attribute: attribute.value,
      values: [...values.querySelectorAll("input")].filter((one) => one.checked).map((one) => one.value),
      strength: strength.value,
    });
    return line;
  }
}
