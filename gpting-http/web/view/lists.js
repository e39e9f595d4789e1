// Three lists of people on one plan: who liked me, my matches, my friends (with requests).
import { get, page, post, put, remove } from "/web/api.js";
import { action, confirmed, el, fill, heading, link, say } from "/web/dom.js";
import { t } from "/web/text.js";
import { personOf, roomOf } from "/web/wire.js";
import { announceMatch, card, openRoom } from "/web/view/card.js";

export default function lists(box, { params: [which], go }) {
  box.append(heading(t(`nav.${which}`)));
  if (which === "likes") likes(box, go);
  else if (which === "matches") matches(box, go);
  else friends(box, go);
}

/** A paged list: `draw(entry)` makes an article; `nobody` is what an empty list says. */
function people(address, draw, nobody) {
  const list = el("div", { class: "cards" });
  const foot = el("div", { class: "row center" });
  const at = (cursor) => (cursor ? `${address}${address.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}` : address);
  const drawFoot = (next) => foot.replaceChildren(...(next ? [action(t("action.more"), async () => {
    const following = await page(at(next));
    list.append(...following.items.map(draw));
    drawFoot(following.next);
  })] : []));
  const load = () => fill(list, async () => {
    const first = await page(at(null));
    drawFoot(first.next);
    return first.items.length > 0 ? first.items.map(draw) : nobody();
  });
  load();
  return { nodes: [list, foot], reload: load };
}

const nobody = (key, href, label) => () => el("div", { class: "notice" }, el("p", {}, t(key)), link(href, t(label), { class: "button" }));

/** Takes a card away and puts the focus on what follows it. */
function take(node) {
  const following = node.nextElementSibling ?? node.previousElementSibling;
  node.remove();
  (following?.querySelector("h2") ?? document.querySelector("main h1")).focus();
}

function likes(box, go) {
  const list = people("/api/matches/likes-received/", (entry) => {
    const person = personOf(entry);
    const node = card(person,
      action(t("picks.pass"), async () => {
        const answer = await post("/api/matches/pass/", { user_profile: person.id });
        take(node);
        say(answer?.message || t("state.done"));
      }, { class: "pass" }),
      action(t("picks.like"), async () => {
        const answer = await post("/api/matches/like/", { user_profile: person.id });
        take(node);
        if (answer?.matched) announceMatch(person, answer.room_id, go);
        else say(answer?.message || t("state.done"));
      }, { class: "primary" }));
    return node;
  }, nobody("likes.empty", "/home/main/", "nav.picks"));
  box.append(...list.nodes);
}

function matches(box, go) {
  const list = people("/api/matches/", (entry) => {
    const person = personOf(entry);
    const node = card(person,
      action(t("match.end"), async () => {
        if (!(await confirmed(t("match.end_question", { nickname: person.nickname }), t("match.end")))) return;
        await remove(`/api/matches/${person.id}/`);
        take(node);
        say(t("match.ended"));
      }, { class: "quiet" }),
      action(t("friend.ask"), async () => {
        const answer = await post("/api/matches/friend-request/send/", { to_user: person.id });
        say(answer?.message || t("state.done"));
      }),
      action(t("match.chat"), () => openRoom(person.id, roomOf(entry), go), { class: "primary" }));
    return node;
  }, nobody("matches.empty", "/home/main/", "nav.picks"));
  box.append(...list.nodes);
}

function friends(box, go) {
  const list = people("/api/matches/friends/", (entry) => {
    const person = personOf(entry);
    const node = card(person,
      action(t("friend.end"), async () => {
        if (!(await confirmed(t("friend.end_question", { nickname: person.nickname }), t("friend.end")))) return;
        await remove(`/api/matches/friends/${person.id}/`);
        take(node);
        say(t("friend.ended"));
      }, { class: "quiet" }),
      action(t("match.chat"), () => openRoom(person.id, roomOf(entry), go), { class: "primary" }));
    return node;
  }, nobody("friends.empty", "/home/matches/", "nav.matches"));
  const requests = el("div", {});
  box.append(el("section", {}, el("h2", {}, t("friend.requests")), requests),
    el("section", {}, el("h2", {}, t("friend.list")), ...list.nodes));
  fill(requests, async () => {
    const [incoming, outgoing] = await Promise.all([
      get("/api/matches/friend-requests/"),
      get("/api/matches/friend-requests/?direction=outgoing"),
    ]);
    if (incoming.length + outgoing.length === 0) return el("p", { class: "hint" }, t("friend.no_requests"));
    return el("ul", { class: "lines" },
      incoming.map((request) => {
        const answer = (verb) => async () => {
          const done = await put(`/api/matches/friend-request/respond/${request.id}/`, { action: verb });
          line.remove();
          say(done?.message || t("state.done"));
          if (verb === "accept") list.reload();
        };
        const line = el("li", {}, el("span", {}, nameOf(request.user)),
          el("span", { class: "row" },
            action(t("friend.reject"), answer("reject"), { class: "quiet" }),
            action(t("friend.accept"), answer("accept"), { class: "primary" })));
        return line;
      }),
      outgoing.map((request) => el("li", {}, el("span", {}, nameOf(request.user)), el("span", { class: "hint" }, t("friend.waiting")))));
  });
}

/** A request names its people by card or by id. */
const nameOf = (person) => person?.nickname ?? t("friend.somebody");
