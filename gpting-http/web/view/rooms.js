// All rooms, latest first, with what is unread.
import { page } from "/web/api.js";
import { action, el, fill, heading, link } from "/web/dom.js";
import { t, when } from "/web/text.js";
import { picture } from "/web/view/card.js";

export default function rooms(box) {
  const list = el("div", {});
  const foot = el("div", { class: "row center" });
  box.append(heading(t("nav.chats"), action(t("action.reload"), load, { class: "quiet" })), list, foot);
  load();
  // A page one comes back to should not show yesterday's unread counts.
  const refresh = () => { if (!document.hidden) load(); };
  document.addEventListener("visibilitychange", refresh);
  return () => document.removeEventListener("visibilitychange", refresh);

  function load() {
    return fill(list, async () => {
      const first = await page("/api/chat/rooms/");
      drawFoot(first.next);
      if (first.items.length === 0) {
        return el("div", { class: "notice" }, el("p", {}, t("rooms.empty")), link("/home/main/", t("nav.picks"), { class: "button" }));
      }
      return el("ul", { class: "rooms" }, first.items.map(draw));
    });
  }

  function drawFoot(next) {
    foot.replaceChildren(...(next ? [action(t("action.more"), async () => {
      const following = await page(`/api/chat/rooms/?cursor=${encodeURIComponent(next)}`);
      list.querySelector("ul")?.append(...following.items.map(draw));
      drawFoot(following.next);
    })] : []));
  }
}

function draw(room) {
  const last = typeof room.last_message === "string" ? room.last_message : room.last_message?.content;
  const nickname = room.partner_nickname ?? room.partner?.nickname ?? "";
  return el("li", {}, link(`/chats/chat_room/${room.room_id ?? room.id}/`, [
    picture(room.partner?.profile_picture, "", { class: "face" }),
    el("span", { class: "room-text" },
      el("strong", {}, nickname),
      el("span", { class: "hint one-line" }, last || t("rooms.no_message"))),
    el("span", { class: "room-side" },
      room.timestamp ? el("time", { class: "hint", datetime: room.timestamp }, when(room.timestamp)) : null,
      room.unread > 0 ? el("span", { class: "count" },
        el("span", { "aria-hidden": "true" }, room.unread > 99 ? "99+" : String(room.unread)),
        el("span", { class: "unseen" }, t("rooms.unread", { count: room.unread }))) : null),
  ]));
}
