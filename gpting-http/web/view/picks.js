// Today's people: like, pass, take back; and when there is nobody, why, and what would help.
import { get, page, post } from "/web/api.js";
import { action, el, fill, heading, link, say } from "/web/dom.js";
import { t } from "/web/text.js";
import { reach, reachSteps } from "/web/wire.js";
import { announceMatch, card } from "/web/view/card.js";

export default function picks(box, { query, go }) {
  const relax = query.get("relax");
  const list = el("div", { class: "cards" });
  const foot = el("div", { class: "row center" });
  const taken = [];
  const undoButton = action(t("picks.undo"), undo, { class: "quiet" });
  undoButton.hidden = true;
  box.append(
    heading(t("picks.title"), undoButton),
    relax ? el("p", { class: "notice" }, t("picks.relaxed"), " ", link("/home/main/", t("picks.strict"))) : "",
    list, foot);
  let next = null;
  start();

  function address(cursor) {
    const wanted = new URLSearchParams({ limit: "10" });
    if (relax) wanted.set("relax", relax);
    if (cursor) wanted.set("cursor", cursor);
    return `/api/matches/recommended/?${wanted}`;
  }

  function start() {
    foot.replaceChildren();
    return fill(list, async () => {
      const first = await page(address(null));
      next = first.next;
      drawFoot();
      return first.items.length > 0 ? first.items.map(draw) : empty();
    });
  }

  function drawFoot() {
    foot.replaceChildren(...(next ? [action(t("action.more"), more)] : []));
  }

  async function more() {
    const following = await page(address(next));
    next = following.next;
    const nodes = following.items.map(draw);
    list.append(...nodes);
    nodes[0]?.querySelector("h2").focus();
    drawFoot();
    if (nodes.length === 0) say(t("picks.end"));
  }

  function draw(person) {
    const node = card(person,
      action(t("picks.pass"), () => decide("pass", person, node), { class: "pass", "aria-label": t("picks.pass_who", { nickname: person.nickname }) }),
      action(t("picks.like"), () => decide("like", person, node), { class: "primary", "aria-label": t("picks.like_who", { nickname: person.nickname }) }));
    return node;
  }

  async function decide(verb, person, node) {
    // The other button of this card waits too: one decision per card at a time.
    const others = [...node.querySelectorAll(".card-foot button")];
    others.forEach((button) => { button.disabled = true; });
    let answer;
    try {
      answer = await post(`/api/matches/${verb}/`, { user_profile: person.id });
    } finally {
      others.forEach((button) => { button.disabled = false; });
    }
    const following = node.nextElementSibling ?? node.previousElementSibling;
    node.remove();
    if (following) following.querySelector("h2")?.focus();
    if (answer?.matched) {
      // A match is not taken back by undo, and neither is anything before it.
      taken.length = 0;
      undoButton.hidden = true;
      announceMatch(person, answer.room_id, go);
    } else {
      taken.push({ person });
      undoButton.hidden = false;
      say(answer?.message || t("state.done"), action(t("picks.undo"), undo, { class: "quiet" }));
    }
    if (list.children.length === 0) await (next ? more() : start());
  }

  async function undo() {
    const answer = await post("/api/matches/undo/");
    const last = taken.pop();
    undoButton.hidden = taken.length === 0;
    if (!last || !list.querySelector("article")) await start();
    else {
      const node = draw(last.person);
      list.prepend(node);
      node.querySelector("h2").focus();
    }
    say(answer?.message || t("picks.undone"));
  }

  /** An empty list always says why: an unfinished profile first, else what each own filter hides. */
  async function empty() {
    const [profile, found] = await Promise.all([
      get("/api/accounts/profile/"),
      get("/api/matches/recommended/reach/").catch(() => ({ filters: [], steps: [] })),
    ]);
    const [costs, steps] = [reach(found), reachSteps(found)];
    const missing = [["birth_date", profile.birth_date], ["location", profile.location]].filter(([, value]) => !value).map(([name]) => name);
    if (missing.length > 0) {
      return el("div", { class: "notice" },
        el("h2", {}, t("picks.incomplete")),
        el("p", {}, t("picks.incomplete_text", { fields: missing.map((name) => t(`field.${name}`)).join(", ") })),
        link("/home/profile/", t("picks.complete"), { class: "button primary" }));
    }
    const hiding = costs.filter((cost) => cost.hidden > 0).sort((a, b) => b.hidden - a.hidden);
    return el("div", { class: "notice" },
      el("h2", {}, t("picks.empty")),
      el("p", {}, t(relax ? "picks.empty_relaxed" : "picks.empty_text")),
      hiding.length > 0 ? el("ul", {}, hiding.map((cost) =>
        el("li", {}, t("picks.hides", { filter: cost.label || t(`filter.${cost.filter}`, {}, cost.filter), count: cost.hidden })))) : null,
      relax || steps.length === 0 ? null : el("ul", {}, steps.slice(0, 4).map((step) =>
        el("li", {}, link(`/home/main/?relax=${encodeURIComponent(step.query)}`, step.text)))),
      el("div", { class: "row" },
        relax ? null : link("/home/main/?relax=distance,age", t("picks.relax"), { class: "button primary" }),
        link("/home/profile/#preferences", t("picks.change"), { class: "button" }),
        action(t("action.reload"), start)));
  }
}
