// The one place that knows how answers with some freedom in their shape are read and written.
// Views see the shapes below only, so a change of the wire format is a change of this file.
import { lang } from "/web/text.js";

/** A localised text: the server may send the sentence itself or `{ko, en}`. */
const words = (label, otherwise = "") =>
  typeof label === "string" ? label : label?.[lang()] ?? label?.ko ?? label?.en ?? otherwise;

const listOf = (body, key) => (Array.isArray(body) ? body : Array.isArray(body?.[key]) ? body[key] : []);

/** `[{ label, interests: [[code, label]] }]` */
export const interestGroups = (body) =>
  listOf(body, "categories").map((category) => ({
    label: words(category.label ?? category.labels ?? category.name, category.code),
    interests: listOf(category.interests, "items").map((entry) => [entry.code, words(entry.label ?? entry.labels ?? entry.name, entry.code)]),
  }));

/** `[{ code, label, kind: choice|choices|number, values: [[code, label]], min, max, unit, sensitive }]` */
export const attributeSchema = (body) =>
  listOf(body, "attributes").map((entry) => ({
    code: entry.code,
    label: words(entry.label ?? entry.labels ?? entry.name, entry.code),
    kind: entry.kind?.type ?? entry.kind ?? entry.type,
    values: listOf(entry.values, "items").map((value) => [value.code, words(value.label ?? value.labels ?? value.name, value.code)]),
    min: entry.min,
    max: entry.max,
    unit: words(entry.unit),
    sensitive: Boolean(entry.sensitive),
  }));

/** Codes of the interests a profile or card carries; entries are codes or `{code, label}`. */
export const interestCodes = (interests) => (interests ?? []).map((entry) => entry?.code ?? entry);
export const interestLabels = (interests) =>
  (interests ?? []).map((entry) => (typeof entry === "string" ? entry : words(entry.label ?? entry.labels ?? entry.name, entry.code)));

/** `[[label, text]]` of a card's attributes: a map `{code: value}` read by the catalogue, or labelled entries. */
export function attributeLines(attributes, schema) {
  const entries = Array.isArray(attributes)
    ? attributes.map((entry) => [entry.code ?? entry.attribute, entry.value ?? entry.values, entry])
    : Object.entries(attributes ?? {}).map(([code, value]) => [code, value, null]);
  return entries.filter(([, value]) => value !== null && value !== undefined).map(([code, value, entry]) => {
    const known = schema.find((one) => one.code === code);
    const one = (each) => {
      const found = known?.values.find(([valueCode]) => valueCode === each);
      return found ? found[1] : words(each?.label, String(each?.code ?? each));
    };
    const text = [value].flat().map(one).join(", ");
    return [words(entry?.label, known?.label ?? code), known?.kind === "number" && known.unit ? `${text} ${known.unit}` : text];
  });
}

/** Pictures of a profile or card: `[{ id, url }]`. */
export const photos = (person) =>
  (person.photos ?? []).map((photo) => (typeof photo === "string" ? { id: null, url: photo } : { id: photo.id, url: photo.url }));

/** `[{ purpose, label, text, granted, required }]` of the consent ledger; a map `{purpose: granted}` is read too. */
export function consents(body) {
  const list = listOf(body?.consents ?? body, "items");
  const entries = list.length > 0 ? list : Object.entries(body?.consents ?? body ?? {}).map(([purpose, value]) =>
    (typeof value === "object" && value !== null ? { purpose, ...value } : { purpose, granted: Boolean(value) }));
  return entries.map((entry) => ({
    purpose: entry.purpose,
    label: words(entry.label ?? entry.title),
    text: words(entry.text ?? entry.description),
    granted: Boolean(entry.granted ?? entry.given),
    required: Boolean(entry.required),
  }));
}
export const consentChange = (purpose, granted) => ({ [purpose]: granted });

/** `[{ code, label, questions: [{ code, label, choices: [[code, label]] }] }]`. */
export const questionTopics = (body) =>
  listOf(body, "topics").map((topic) => ({
    code: topic.code,
    label: words(topic.label),
    questions: topic.questions.map((question) => ({
      code: question.code,
      label: words(question.label),
      sensitive: Boolean(question.sensitive),
      choices: question.choices.map((choice) => [choice.code, words(choice.label)]),
    })),
  }));
/** The own answers by question. */
export const answersOf = (body) => Object.fromEntries(listOf(body, "answers").map((answer) => [answer.question, answer]));

/** `[{ text, query }]`: wider limits and what each would gain. */
export const reachSteps = (body) => listOf(body, "steps").map((step) => ({ text: step.text, query: step.query }));

/** `[{ filter, label, hidden }]`: what each of the viewer's own filters costs. */
export const reach = (body) =>
  listOf(body, "filters").map((entry) => ({
    filter: entry.filter ?? entry.code ?? entry.name,
    label: words(entry.label),
    hidden: entry.hidden ?? entry.hides ?? entry.count ?? 0,
  }));

/** `[{ id, name, created, seen, place, current }]` of the devices signed in. */
export const sessions = (body) =>
  listOf(body, "sessions").map((entry) => ({
    id: entry.id,
    name: entry.device ?? entry.user_agent ?? "",
    created: entry.created_at,
    seen: entry.last_seen ?? entry.last_used_at ?? entry.created_at,
    place: entry.ip ?? "",
    current: Boolean(entry.current ?? entry.is_current),
  }));

/** People blocked: `[{ id, name }]`. */
export const blocks = (body) =>
  listOf(body, "blocks").map((entry) => {
    const person = entry.user ?? entry.card ?? entry;
    return { id: person.id ?? entry.user_id, name: person.nickname ?? "" };
  });
export const blockRequest = (id) => ({ user_profile: id });
export const reportRequest = (id, reason, note, roomId = null) =>
  ({ user_profile: id, reason, detail: note, ...(roomId === null ? {} : { room_id: roomId }) });

/** The person of a list entry: a card itself, or an entry that holds one. */
export const personOf = (entry) => entry.partner ?? entry.card ?? entry.user ?? entry.profile ?? entry;
/** The room of a match or friend, when the entry says it. */
export const roomOf = (entry) => entry.room_id ?? entry.room?.id ?? null;

/** One chat message, from history or from a socket frame. */
export const message = (raw, me) => ({
  seq: raw.seq,
  text: raw.content ?? raw.message ?? "",
  sender: raw.sender_username ?? raw.sender ?? "",
  mine: raw.is_mine ?? raw.sender_id === me,
  time: raw.timestamp,
  read: Boolean(raw.is_read),
  gone: Boolean(raw.unsent),
  clientId: raw.client_msg_id ?? null,
});

/** Room heads of a `ready` or heartbeat frame as `{ roomId: seq }`, or null when it carries none. */
export function heads(frame) {
  const rooms = frame.rooms ?? frame.heads;
  if (!rooms) return null;
  if (!Array.isArray(rooms)) {
    return Object.fromEntries(Object.entries(rooms).map(([id, head]) => [id, head?.seq ?? head?.last_seq ?? head]));
  }
  return Object.fromEntries(rooms.map((room) => [String(room.room_id ?? room.id), room.last_seq ?? room.seq ?? room.head]));
}
