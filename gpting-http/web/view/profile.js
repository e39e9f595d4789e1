// The member's own page: what others see, what is looked for, and everything about the account.
// Every section is a form of its own, so that one mistake does not hold back the rest.
import { get, patch } from "/web/api.js";
import { el, fill, heading, link, say, section } from "/web/dom.js";
import { checks, field, form, input, select, ticked } from "/web/form.js";
import { t } from "/web/text.js";
import { attributeSchema, interestCodes, interestGroups } from "/web/wire.js";
import { account } from "/web/view/profile_account.js";
import { locationSection } from "/web/view/profile_location.js";
import { photoSection } from "/web/view/profile_photos.js";
import { preferenceSection } from "/web/view/profile_preferences.js";

const PROFILE = "/api/accounts/profile/";

export default function profilePage(box, { go }) {
  const body = el("div", { class: "sections" });
  box.append(heading(t("nav.profile")), body);
  fill(body, async () => {
    const [profile, preferences, groups, schema] = await Promise.all([
      get(PROFILE),
      get("/api/accounts/preferences/"),
      get("/api/accounts/interests/").then(interestGroups),
      get("/api/accounts/attributes/").then(attributeSchema),
    ]);
    return [
      missing(profile),
      basics(profile),
      photoSection(profile),
      locationSection(profile),
      interests(profile, groups),
      attributes(profile, schema),
      preferenceSection(preferences, schema),
      el("p", {}, link("/home/questions/", t("questions.open"), { class: "button" })),
      ...account(go),
    ];
  }).then(() => {
    // A link to a section (`#preferences`) can only be followed once it is there.
    if (location.hash) body.querySelector(`#${CSS.escape(location.hash.slice(1))}`)?.scrollIntoView();
  });
}

const save = async (change) => {
  const answer = await patch(PROFILE, change);
  say(answer?.message || t("state.saved"));
};

function missing(profile) {
  const fields = [["birth_date", profile.birth_date], ["location", profile.location]].filter(([, value]) => !value).map(([name]) => t(`field.${name}`));
  return fields.length === 0 ? null : el("p", { class: "notice", role: "status" }, t("picks.incomplete_text", { fields: fields.join(", ") }));
}

function basics(profile) {
  const fact = (name, value) => [el("dt", {}, t(`field.${name}`)), el("dd", {}, value || "–")];
  const bio = el("textarea", { rows: 5, maxlength: 1000, value: profile.bio ?? "" });
  const birth = profile.birth_date ? null : input({ type: "date", min: "1900-01-01", autocomplete: "bday" });
  return section("basics", t("profile.basics"),
    el("dl", {}, fact("nickname", profile.nickname), fact("username", profile.username), fact("email", profile.email),
      fact("gender", profile.gender ? t(`gender.${profile.gender}`) : ""), profile.birth_date ? fact("birth_date", profile.birth_date) : null),
    form([
      birth ? field("birth_date", t("field.birth_date"), birth, t("profile.birth_hint")) : null,
      field("bio", t("field.bio"), bio, t("profile.bio_hint")),
    ].filter(Boolean), t("action.save"), async () => {
      await save({ bio: bio.value.trim(), ...(birth?.value ? { birth_date: birth.value } : {}) });
      if (birth?.value) birth.disabled = true;
    }));
}

function interests(profile, groups) {
  const own = interestCodes(profile.interests);
  return section("interests", t("field.interests"),
    form([
      el("div", { "data-field": "interests" },
        groups.map((group) => {
          const inside = group.interests.filter(([code]) => own.includes(code)).length;
          return el("details", { open: inside > 0 },
            el("summary", {}, inside > 0 ? `${group.label} (${inside})` : group.label),
            checks("interest", group.label, group.interests, own));
        }),
        el("p", { class: "field-error", role: "alert" })),
    ], t("action.save"), (node) => save({ interests: ticked(node, "interest") })));
}

function attributes(profile, schema) {
  const own = profile.attributes ?? {};
  const fields = schema.map((entry) => {
    const name = `attributes.${entry.code}`;
    const label = entry.sensitive ? `${entry.label} (${t("profile.sensitive")})` : entry.label;
    if (entry.kind === "choices") {
      const node = checks(name, label, entry.values, [own[entry.code] ?? []].flat());
      return { node, value: (within) => ticked(within, name), code: entry.code };
    }
    if (entry.kind === "number") {
      const control = input({ type: "number", inputmode: "numeric", min: entry.min, max: entry.max, value: own[entry.code] ?? "" });
      const range = entry.min !== undefined && entry.max !== undefined ? `${entry.min}–${entry.max} ${entry.unit}` : entry.unit;
      return { node: field(name, label, control, range || null), value: () => (control.value === "" ? null : Number(control.value)), code: entry.code };
    }
    const control = select([["", t("profile.unsaid")], ...entry.values], own[entry.code] ?? "");
    return { node: field(name, label, control), value: () => control.value || null, code: entry.code };
  });
  return section("attributes", t("profile.attributes"),
    form([el("div", { class: "grid" }, fields.map((one) => one.node)), el("div", { "data-field": "attributes" }, el("p", { class: "field-error", role: "alert" }))],
      t("action.save"), (node) => {
        // Only what changed is sent: null takes an attribute back.
        const change = {};
        for (const one of fields) {
          const value = one.value(node);
          const before = own[one.code] ?? (Array.isArray(value) ? [] : null);
          if (JSON.stringify(value) !== JSON.stringify(before)) change[one.code] = Array.isArray(value) && value.length === 0 ? null : value;
        }
        return save({ attributes: change }).then(() => Object.assign(own, change));
      }));
}
