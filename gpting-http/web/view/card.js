// How another person appears, everywhere: the card, its full view, and what one can do about them
// (report, block). Used by picks, lists and chat.
import { get, post } from "/web/api.js";
import { action, busy, confirmed, el, fill, openDialog, say } from "/web/dom.js";
import { field, form, select } from "/web/form.js";
import { t } from "/web/text.js";
import { attributeLines, attributeSchema, blockRequest, interestLabels, photos, reportRequest } from "/web/wire.js";

const NO_PICTURE = "/web/default-profile.svg";
const REASONS = ["spam", "fake", "harassment", "sexual", "minor", "money", "other"];

/** A picture that falls back to the default when it is gone (expired, deleted). */
export function picture(url, alt, attributes = {}) {
  const image = el("img", { src: url || NO_PICTURE, alt, loading: "lazy", decoding: "async", ...attributes });
  image.addEventListener("error", () => { image.src = NO_PICTURE; }, { once: true });
  return image;
}

/** "29세 · 여성 · 서울 강남구 · 5km 이내", from what the card says. */
export function facts(person) {
  const parts = [];
  if (person.age) parts.push(t("card.age", { age: person.age }));
  if (person.gender) parts.push(t(`gender.${person.gender}`));
  if (person.region) parts.push(typeof person.region === "string" ? person.region : person.region.label ?? "");
  if (person.distance_km !== null && person.distance_km !== undefined) parts.push(t("card.distance", { km: person.distance_km }));
  return parts.filter(Boolean).join(" · ");
}

export const chips = (labels) =>
  labels.length === 0 ? null : el("ul", { class: "tags" }, labels.map((label) => el("li", {}, label)));

/** Why this person was recommended, and how well they fit among today's. */
function fit(person) {
  const rows = [];
  if (typeof person.score === "number") {
    const percent = Math.round(person.score * 100);
    rows.push(el("p", { class: "score" },
      el("span", {}, t("card.score", { percent })),
      el("progress", { max: 100, value: percent, "aria-hidden": "true" })));
  }
  const reasons = (person.reasons ?? []).map((reason) => reason.text ?? reason).filter((text) => typeof text === "string");
  if (reasons.length > 0) rows.push(el("ul", { class: "reasons", "aria-label": t("card.reasons") }, reasons.map((text) => el("li", {}, text))));
  return rows;
}

/** The card in a list; `buttons` stand at its foot. */
export function card(person, ...buttons) {
  const relaxed = (person.relaxed ?? []).map((name) => t(`filter.${name}`, {}, name));
  return el("article", { class: "card", "data-id": String(person.id) },
    el("button", { type: "button", class: "card-picture", onclick: () => openCard(person), "aria-label": t("card.open", { nickname: person.nickname }) },
      picture(person.profile_picture, ""),
      person.picked ? el("span", { class: "badge" }, t("card.picked")) : null),
    el("div", { class: "card-body" },
      el("h2", { tabindex: "-1" }, person.nickname),
      el("p", { class: "facts" }, facts(person)),
      relaxed.length > 0 ? el("p", { class: "notice small" }, t("card.relaxed", { filters: relaxed.join(", ") })) : null,
      fit(person),
      person.bio ? el("p", { class: "bio clamp" }, person.bio) : null,
      chips(interestLabels(person.interests))),
    buttons.length > 0 ? el("div", { class: "row card-foot" }, buttons) : null);
}

let schema = null;
/** The attribute schema is the same for everybody: asked once per language and page load. */
async function knownAttributes() {
  const language = document.documentElement.lang;
  if (schema?.language !== language) schema = { language, list: attributeSchema(await get("/api/accounts/attributes/")) };
  return schema.list;
}

/** The whole profile of a person one may see, in a window of its own. `gone` runs after a block. */
export function openCard(person, { gone = null, roomId = null } = {}) {
  const box = el("div", { class: "profile-card" });
  const dialog = openDialog(person.nickname, box, el("div", { class: "row end" },
    action(t("report.action"), () => openReport(person, roomId), { class: "quiet" }),
    action(t("block.action"), async () => {
      if (!(await block(person))) return;
      dialog.close();
      (gone ?? (() => removeCards(person.id)))();
    }, { class: "danger" })));
  fill(box, async () => {
    // The list's card knows why this person was recommended, the profile knows the rest.
    const [full, known] = await Promise.all([get(`/api/accounts/profile/${person.id}/`), knownAttributes().catch(() => [])]);
    const whole = { ...person, ...full };
    const pictures = photos(whole);
    const lines = attributeLines(whole.attributes, known);
    return [
      el("div", { class: "gallery" }, (pictures.length > 0 ? pictures : [{ url: whole.profile_picture }])
        .map((photo, index) => picture(photo.url, t("card.photo", { nickname: whole.nickname, number: index + 1 })))),
      el("p", { class: "facts" }, facts(whole)),
      ...fit(whole),
      whole.bio ? el("p", { class: "bio" }, whole.bio) : null,
      chips(interestLabels(whole.interests)),
      lines.length > 0 ? el("dl", {}, lines.map(([label, text]) => [el("dt", {}, label), el("dd", {}, text)]).flat()) : null,
    ];
  });
}

function removeCards(id) {
  for (const node of document.querySelectorAll(`article[data-id="${CSS.escape(String(id))}"]`)) node.remove();
}

/** Blocks after asking; true when done. */
export async function block(person) {
  if (!(await confirmed(t("block.question", { nickname: person.nickname }), t("block.action")))) return false;
  await post("/api/accounts/blocks/", blockRequest(person.id));
  say(t("block.done"));
  return true;
}

/** A report with a reason and a note; the server keeps the evidence itself. */
export function openReport(person, roomId = null) {
  const reason = select([["", t("field.choose")], ...REASONS.map((code) => [code, t(`report.${code}`)])], "", { required: true });
  const note = el("textarea", { rows: 4, maxlength: 1000 });
  const dialog = openDialog(t("report.title", { nickname: person.nickname }),
    el("p", { class: "hint" }, t("report.hint")),
    form([field("reason", t("report.reason"), reason), field("detail", t("report.note"), note)], t("report.send"), async () => {
      const answer = await post("/api/accounts/reports/", reportRequest(person.id, reason.value, note.value.trim(), roomId));
      dialog.close();
      say(answer?.message || t("report.done"));
    }));
}

/** Opens the one room with a matched person or friend, making it when it is not there yet. */
export async function openRoom(id, known, go) {
  const room = known ?? (await post(`/api/chat/rooms/create/${id}/`));
  return go(`/chats/chat_room/${room.room_id ?? room.id ?? room}/`);
}

/** "It is a match": the news and the way into the room. */
export function announceMatch(person, roomId, go) {
  const enter = el("button", { type: "button", class: "primary" }, t("match.chat"));
  const dialog = openDialog(t("match.title"),
    el("div", { class: "match" }, picture(person.profile_picture, ""), el("p", {}, t("match.text", { nickname: person.nickname }))),
    el("div", { class: "row end" },
      el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, t("match.later")),
      enter));
  enter.addEventListener("click", () => busy(enter, async () => {
    dialog.close();
    await openRoom(person.id, roomId ?? null, go);
  }));
  enter.focus();
}
