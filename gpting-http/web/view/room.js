// One chat room: history from the server, live messages by the socket, one merged list in seq order.
// Own messages stand right, the partner's left. Nothing is lost between history and line: the socket
// is open before history is read, and both are merged by seq.
import { get, page, post, remove } from "/web/api.js";
import { action, confirmed, el, failure, heading, say, sayProblem, sentenceOf } from "/web/dom.js";
import { openRoomSocket } from "/web/socket.js";
import { clock, day, t } from "/web/text.js";
import { message as read } from "/web/wire.js";
import { block, openCard, openReport, picture } from "/web/view/card.js";

const PAGE = 50;
const LONGEST = 4000;
const TYPING_SHOWN_MS = 6000;

export default function room(box, { params: [roomId], go }) {
  const bySeq = new Map();
  const pending = new Map();
  let me = null;
  let partner = null;
  let socket = null;
  let left = false;
  let joined = false;
  let catching = false;
  let partnerRead = 0;
  let sentRead = 0;
  let atStart = false;
  let typingTimer;
  let presenceTimer;
  const hidden = new Set();

  const head = heading(t("room.title"));
  const older = action(t("room.older"), loadOlder, { class: "quiet" });
  older.hidden = true;
  const list = el("ol", { class: "messages", "aria-live": "off", "aria-relevant": "additions", "aria-label": t("room.messages") });
  const scroll = el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("room.messages") }, el("div", { class: "row center" }, older), list);
  const line = el("p", { class: "line hint", role: "status" }, t("room.connecting"));
  const typing = el("p", { class: "typing hint", "aria-live": "polite" });
  const text = el("textarea", { rows: 1, maxlength: LONGEST, "aria-label": t("room.write"), placeholder: t("room.write"), enterkeyhint: "send" });
  const sendButton = el("button", { type: "submit", class: "primary" }, t("room.send"));
  const composer = el("form", { class: "composer" }, text, sendButton);
  box.classList.add("room");
  box.append(head, line, scroll, typing, composer);

  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  text.addEventListener("keydown", (event) => {
    // While a Hangul syllable is being composed, Enter belongs to the input method.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  text.addEventListener("input", () => { if (text.value.trim()) socket?.typing(); });
  const seen = () => markRead();
  document.addEventListener("visibilitychange", seen);
  start();
  return () => {
    left = true;
    socket?.close();
    clearTimeout(typingTimer);
    clearTimeout(presenceTimer);
    document.removeEventListener("visibilitychange", seen);
  };

  async function start() {
    try {
      const [profile, rooms] = await Promise.all([get("/api/accounts/profile/"), findRoom()]);
      if (left) return;
      me = profile.id;
      partner = rooms?.partner ?? null;
      drawHead(rooms);
    } catch (problem) {
      if (!left) box.replaceChildren(heading(t("room.title")), failure(problem, () => go(`/chats/chat_room/${roomId}/`, { replace: true })));
      return;
    }
    socket = openRoomSocket(roomId, {
      state: showState,
      // From then on nothing can slip by unseen; after a break, resume brings what was missed.
      ready: () => { if (!joined) load(); joined = true; },
      message: live,
      acked: (clientId, frame) => acknowledged(clientId, frame),
      failed: (clientId, problem) => failed(clientId, problem),
      read: (frame) => partnerHasRead(frame),
      typing: (frame) => partnerTypes(frame),
      presence: (frame) => showPresence(frame),
      unsent: (seq) => takenBack(seq),
      resync: () => { bySeq.clear(); load(); },
      behind: () => catchUp(),
      problem: (frame) => say(frame.message || t("error.unknown")),
    });
    // History is worth reading even when no socket can be had.
    load();
  }

  /** The room as the list of rooms shows it (it has no address of its own). */
  async function findRoom() {
    let cursor = null;
    do {
      const { items, next } = await page(`/api/chat/rooms/?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      const found = items.find((entry) => String(entry.room_id ?? entry.id) === roomId);
      if (found) return found;
      cursor = next;
    } while (cursor);
    return null;
  }

  function drawHead(found) {
    const nickname = partner?.nickname ?? found?.partner_nickname ?? t("room.title");
    const title = el("h1", { tabindex: "-1" }, nickname);
    document.title = `${nickname} · GPTing`;
    const gone = () => go("/chats/", { replace: true });
    head.replaceChildren(el("a", { href: "/chats/", class: "button quiet", "aria-label": t("room.back") }, "←"));
    if (!partner) return head.append(title);
    head.append(
      el("button", { type: "button", class: "face-button", "aria-label": t("card.open", { nickname }), onclick: () => openCard(partner, { gone, roomId: Number(roomId) }) },
        picture(partner.profile_picture, "", { class: "face" })),
      title,
      el("details", { class: "menu" },
        el("summary", { "aria-label": t("room.menu") }, "⋯"),
        el("div", { class: "menu-list" },
          action(t("report.action"), () => openReport(partner, Number(roomId)), { class: "quiet" }),
          action(t("match.end"), async () => {
            if (!(await confirmed(t("match.end_question", { nickname }), t("match.end")))) return;
            await remove(`/api/matches/${partner.id}/`);
            await gone();
            say(t("match.ended"));
          }, { class: "quiet" }),
          action(t("block.action"), async () => { if (await block(partner)) await gone(); }, { class: "quiet danger-text" }))));
    return undefined;
  }

  function showState(state) {
    const texts = { open: "", waiting: t("room.reconnecting"), gone: t("room.gone"), signed_out: t("error.signed_out") };
    line.textContent = texts[state] ?? "";
    if (state === "gone") {
      text.disabled = true;
      sendButton.disabled = true;
    }
  }

  async function history(query) {
    return (await get(`/api/chat/rooms/${roomId}/messages/?limit=${PAGE}${query}`)).map((raw) => read(raw, me));
  }

  /** The latest page, merged with what the line has brought meanwhile. */
  async function load() {
    try {
      const last = await history("");
      if (left) return;
      atStart = last.length < PAGE;
      // Pages from before a long break would leave a hole unseen: only what follows it is kept.
      const first = last[0]?.seq ?? 0;
      if (![...bySeq.keys()].some((seq) => seq >= first - 1)) bySeq.clear();
      merge(last);
      quietly(() => draw(true));
    } catch (problem) {
      if (!left) line.textContent = sentenceOf(problem);
    }
  }

  async function loadOlder() {
    const first = Math.min(...bySeq.keys());
    const found = await history(`&before_seq=${first}`);
    atStart = found.length < PAGE;
    const height = scroll.scrollHeight;
    merge(found);
    quietly(() => draw(false));
    scroll.scrollTop += scroll.scrollHeight - height;
  }

  /** What is old is not news: it must not be read aloud. */
  function quietly(work) {
    list.setAttribute("aria-live", "off");
    work();
    setTimeout(() => list.setAttribute("aria-live", "polite"), 500);
  }

  /** Fetches what lies between the last message shown and the head. */
  async function catchUp(after = top()) {
    if (catching) return;
    catching = true;
    try {
      for (;;) {
        const found = await history(`&after_seq=${after}`);
        if (left) return;
        merge(found);
        if (found.length < PAGE) break;
        after = found.at(-1).seq;
      }
      draw(nearEnd());
    } catch (problem) {
      // The next resume begins before the hole.
      socket?.reached(after);
      sayProblem(problem);
    } finally {
      catching = false;
    }
  }

  function top() {
    return bySeq.size === 0 ? 0 : Math.max(...bySeq.keys());
  }

  function merge(messages) {
    for (const one of messages) {
      bySeq.set(one.seq, one);
      if (one.clientId && pending.delete(one.clientId)) socket?.settle(one.clientId);
      if (one.mine && one.read) partnerRead = Math.max(partnerRead, one.seq);
    }
    socket?.reached(top());
  }

  function live(frame) {
    const one = read(frame, me);
    const before = top();
    const end = nearEnd();
    if (!one.mine) showTyping(false);
    merge([one]);
    draw(end || one.mine);
    if (before > 0 && one.seq > before + 1) catchUp(before);
  }

  function send() {
    const words = text.value.trim();
    if (!words || !socket || text.disabled) return;
    text.value = "";
    const clientId = socket.say(words);
    pending.set(clientId, { text: words, failed: null });
    draw(true);
    text.focus();
  }

  function acknowledged(clientId, frame) {
    const sent = pending.get(clientId);
    if (!sent) return;
    pending.delete(clientId);
    const before = top();
    merge([{ seq: frame.seq, text: sent.text, sender: "", mine: true, time: frame.timestamp, read: false, gone: false, clientId }]);
    draw(nearEnd());
    if (before > 0 && frame.seq > before + 1) catchUp(before);
  }

  function failed(clientId, problem) {
    const sent = pending.get(clientId);
    if (!sent) return;
    sent.failed = problem?.message || t("room.not_sent");
    draw(nearEnd());
  }

  /** By the socket again, or by a plain request when the line is down; the id stays, so it arrives once. */
  async function sendAgain(clientId) {
    const sent = pending.get(clientId);
    if (!sent) return;
    sent.failed = null;
    draw(nearEnd());
    if (line.textContent === "") return socket.again(clientId);
    try {
      merge([read(await post(`/api/chat/rooms/${roomId}/messages/`, { content: sent.text, client_msg_id: clientId }), me)]);
      pending.delete(clientId);
      socket.settle(clientId);
      draw(true);
    } catch (problem) {
      failed(clientId, problem);
    }
    return undefined;
  }

  function nearEnd() {
    return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
  }

  function partnerHasRead(frame) {
    if (isMine(frame)) return;
    partnerRead = Math.max(partnerRead, frame.seq ?? 0);
    draw(false);
  }
  function isMine(frame) {
    return frame.is_mine ?? (frame.sender_id ?? frame.user_id ?? frame.member_id ?? frame.reader_id) === me;
  }

  function partnerTypes(frame) {
    if (isMine(frame)) return;
    showTyping(true);
  }
  function showTyping(on) {
    clearTimeout(typingTimer);
    typing.textContent = on ? t("room.typing", { nickname: partner?.nickname ?? "" }) : "";
    if (on) typingTimer = setTimeout(() => showTyping(false), TYPING_SHOWN_MS);
  }
  /** Over by itself unless it is said again. */
  function showPresence(frame) {
    clearTimeout(presenceTimer);
    head.classList.toggle("online", frame.online);
    if (frame.online) presenceTimer = setTimeout(() => head.classList.remove("online"), frame.ttl_ms);
  }

  function takenBack(seq) {
    const one = bySeq.get(seq);
    if (!one) return;
    bySeq.set(seq, { ...one, text: "", gone: true });
    draw(false);
  }

  /** One's own is taken back for both; the partner's is hidden for oneself. */
  async function removeMessage(one) {
    const [question, answer] = one.mine ? ["room.unsend_question", "room.unsend"] : ["room.hide_question", "room.hide"];
    if (!(await confirmed(t(question), t(answer)))) return;
    try {
      await remove(`/api/chat/rooms/${roomId}/messages/${one.seq}/?for=${one.mine ? "all" : "me"}`);
      if (one.mine) takenBack(one.seq);
      else {
        hidden.add(one.seq);
        draw(false);
      }
    } catch (problem) {
      sayProblem(problem);
    }
  }

  /** Read up to the last message of the partner, when the page is really looked at. */
  function markRead() {
    if (document.hidden || left) return;
    const last = Math.max(0, ...[...bySeq.values()].filter((one) => !one.mine).map((one) => one.seq));
    if (last <= sentRead) return;
    sentRead = last;
    if (!socket?.read(last)) {
      post(`/api/chat/rooms/${roomId}/read/`, { seq: last }).catch(() => { sentRead = 0; });
    }
  }

  /** Draws what changed: a node per message is made once and moved never, so screen readers hear only new ones. */
  function draw(toEnd) {
    const wanted = [];
    let lastDay = "";
    for (const seq of [...bySeq.keys()].sort((a, b) => a - b)) {
      const one = bySeq.get(seq);
      if (hidden.has(seq)) continue;
      const today = day(one.time);
      if (today !== lastDay) wanted.push([`day-${today}`, today, () => el("li", { class: "day" }, today)]);
      lastDay = today;
      const mark = one.mine && seq <= partnerRead ? t("room.read") : "";
      wanted.push([`seq-${seq}`, `${one.gone}${mark}`, () => bubble(one, clock(one.time), mark)]);
    }
    for (const [clientId, sent] of pending) {
      wanted.push([`own-${clientId}`, String(sent.failed), () => waiting(clientId, sent)]);
    }
    let at = list.firstElementChild;
    const keep = new Set(wanted.map(([key]) => key));
    for (const node of [...list.children]) {
      if (keep.has(node.dataset.key)) continue;
      if (node === at) at = at.nextElementSibling;
      node.remove();
    }
    for (const [key, version, make] of wanted) {
      if (at?.dataset.key === key) {
        if (at.dataset.version !== version) {
          const fresh = keyed(make(), key, version);
          at.replaceWith(fresh);
          at = fresh;
        }
        at = at.nextElementSibling;
      } else list.insertBefore(keyed(make(), key, version), at);
    }
    older.hidden = atStart || bySeq.size === 0;
    if (toEnd) scroll.scrollTop = scroll.scrollHeight;
    markRead();
  }
  function keyed(node, key, version) {
    node.dataset.key = key;
    node.dataset.version = version;
    return node;
  }

  function bubble(one, time, mark) {
    return el("li", { class: one.mine ? "mine" : "theirs" },
      el("span", { class: "unseen" }, one.mine ? t("room.me") : partner?.nickname ?? one.sender, ": "),
      el("p", { class: one.gone ? "bubble gone" : "bubble" }, one.gone ? t("room.unsent") : one.text),
      el("span", { class: "meta" }, mark ? el("span", {}, mark) : null, el("time", { datetime: one.time }, time),
        one.gone && one.mine ? null : action(t(one.mine ? "room.unsend" : "room.hide"), () => removeMessage(one), { class: "quiet small" })));
  }

  function waiting(clientId, sent) {
    return el("li", { class: "mine" },
      el("p", { class: sent.failed ? "bubble failed" : "bubble waiting" }, sent.text),
      el("span", { class: "meta" }, sent.failed
        ? [el("span", { class: "field-error" }, sent.failed), action(t("room.again"), () => sendAgain(clientId), { class: "quiet small" }),
          action(t("room.drop"), () => { pending.delete(clientId); socket.settle(clientId); draw(false); }, { class: "quiet small" })]
        : el("span", {}, t("room.sending"))));
  }
}
