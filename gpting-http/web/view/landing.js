// The front page: what this is, and the way in.
import { isSignedIn } from "/web/api.js";
import { el, link } from "/web/dom.js";
import { t } from "/web/text.js";

export default function landing(box) {
  const point = (key) => el("li", {}, el("h2", {}, t(`landing.${key}.title`)), el("p", {}, t(`landing.${key}.text`)));
  const ways = isSignedIn()
    ? [link("/home/main/", t("landing.picks"), { class: "button primary" }), link("/chats/", t("nav.chats"), { class: "button" })]
    : [link("/accounts/signup/", t("nav.signup"), { class: "button primary" }), link("/accounts/login/", t("nav.login"), { class: "button" })];
  box.append(
    el("section", { class: "hero" },
      el("h1", { tabindex: "-1" }, t("landing.title")),
      el("p", {}, t("landing.lead")),
      el("div", { class: "row" }, ways)),
    el("ul", { class: "points" }, ["both", "why", "safe"].map(point)));
}
