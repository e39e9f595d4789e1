// All rooms, latest first, with what is unread: live, by the line of all rooms.
import { page } from "/web/api.js";
import { action, el, fill, heading, link } from "/web/dom.js";
import { openLine } from "/web/line.js";
import { t, when } from "/web/text.js";
import { picture } from "/web/view/card.js";

const TYPING_SHOWN_MS = 6000;

export default function rooms(box) {
  const list = el("div", {});
  const foot = el("div", { class: "row center" });
  const byId = new Map();
  const typing = new Map();
  let loading = null;
  box.append(heading(t("nav.chats"), action(t("action.reload"), load, { class: "quiet" })), list, foot);
  load();
  // What happened while the line was away is in the list itself.
  const line = openLine({ state: () => {}, frame: receive });
  const refresh = () => { if (!document.hidden) load(); };
  document.addEventListener("visibilitychange", refresh);
  return () => {
    line.close();
    for (const timer of typing.values()) clearTimeout(timer);
    document.removeEventListener("visibilitychange", refresh);
  };

  function load() {
    loading ??= fill(list, async () => {
      const first = await page("/api/chat/rooms/");
      byId.clear();
      for (const room of first.items) byId.set(room.room_id, room);
      drawFoot(first.next);
      return drawAll();
    }).finally(() => { loading = null; });
    return loading;
  }

  function receive(frame) {
    const room = byId.get(frame.room_id);
    switch (frame.type) {
      case "ready":
      case "opened":
      case "unsent":
        load();
        return;
      case "closed":
        byId.delete(frame.room_id);
        break;
      case "message":
        if (!room) return load();
        if (frame.seq <= room.last_seq) return undefined;
        stopTyping(frame.room_id);
        Object.assign(room, { last_message: frame.message, last_seq: frame.seq, timestamp: frame.timestamp });
        room.unread = frame.is_mine ? 0 : room.unread + 1;
        // The latest activity comes first.
        byId.delete(frame.room_id);
        prepend(frame.room_id, room);
        break;
      case "read":
        if (!room || !frame.is_mine || frame.seq < room.last_seq) return undefined;
        room.unread = 0;
        break;
      case "typing":
        if (!room) return undefined;
        clearTimeout(typing.get(frame.room_id));
        typing.set(frame.room_id, setTimeout(() => { stopTyping(frame.room_id); redraw(); }, TYPING_SHOWN_MS));
        break;
      default:
        return undefined;
    }
    redraw();
    return undefined;
  }

  function prepend(id, room) {
    const others = [...byId];
    byId.clear();
    byId.set(id, room);
    for (const [other, one] of others) byId.set(other, one);
  }

  function stopTyping(id) {
    clearTimeout(typing.get(id));
    typing.delete(id);
  }

  function redraw() {
    // While the list is being loaded, it will be drawn anyway.
    if (!loading) list.replaceChildren(drawAll());
  }

  function drawAll() {
    if (byId.size === 0) {
      return el("div", { class: "notice" }, el("p", {}, t("rooms.empty")), link("/home/main/", t("nav.picks"), { class: "button" }));
    }
    return el("ul", { class: "rooms" }, [...byId.values()].map((room) => draw(room, typing.has(room.room_id))));
  }

  function drawFoot(next) {
    foot.replaceChildren(...(next ? [action(t("action.more"), async () => {
      const following = await page(`/api/chat/rooms/?cursor=${encodeURIComponent(next)}`);
      for (const room of following.items) byId.set(room.room_id, room);
      redraw();
      drawFoot(following.next);
    })] : []));
  }
}

function draw(room, types) {
  const nickname = room.partner_nickname ?? "";
  return el("li", {}, link(`/chats/chat_room/${room.room_id}/`, [
    picture(room.partner?.profile_picture, "", { class: "face" }),
    el("span", { class: "room-text" },
      el("strong", {}, nickname),
      el("span", { class: "hint one-line" }, types ? t("rooms.typing") : room.last_message || t("rooms.no_message"))),
    el("span", { class: "room-side" },
      room.timestamp ? el("time", { class: "hint", datetime: room.timestamp }, when(room.timestamp)) : null,
      room.unread > 0 ? el("span", { class: "count" },
        el("span", { "aria-hidden": "true" }, room.unread > 99 ? "99+" : String(room.unread)),
        el("span", { class: "unseen" }, t("rooms.unread", { count: room.unread }))) : null),
  ]));
}
