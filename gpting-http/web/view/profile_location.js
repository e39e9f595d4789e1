// Where the member is: a place by name, or the browser's position. The server keeps only a cell of
// about two kilometres; the exact position is sent once and stored nowhere, here neither.
import { post, remove } from "/web/api.js";
import { action, busy, el, say, section } from "/web/dom.js";
import { field, form, input, showErrors } from "/web/form.js";
import { t } from "/web/text.js";

const LOCATION = "/api/accounts/profile/location/";

export function locationSection(profile) {
  const now = el("p", { role: "status" }, sentence(profile.location));
  const place = input({ required: true, autocomplete: "address-level2", placeholder: t("location.example") });
  const show = (answer, otherwise) => {
    now.textContent = sentence(answer?.location ?? answer?.region ?? otherwise);
    say(answer?.message || t("state.saved"));
  };
  const byName = form([field("location", t("location.name"), place)], t("location.set"), async () => {
    const name = place.value.trim();
    show(await post(LOCATION, { location: name }), name);
    place.value = "";
  });
  const here = el("button", { type: "button" }, t("location.here"));
  here.addEventListener("click", () => busy(here, async () => {
    const { latitude, longitude } = await position();
    show(await post(LOCATION, { latitude, longitude }), t("location.near"));
  }, (problem) => showErrors(byName, problem)));
  return section("location", t("field.location"),
    now, el("p", { class: "hint" }, t("location.hint")), byName,
    el("div", { class: "row" }, here, action(t("location.remove"), async () => {
      await remove(LOCATION);
      now.textContent = sentence(null);
      say(t("state.saved"));
    }, { class: "quiet" })));
}

/** The place as one sentence; the server says it as text or as an object with a label. */
function sentence(location) {
  const name = typeof location === "string" ? location : location?.label ?? location?.region ?? location?.name ?? location?.location;
  return name ? t("location.now", { place: name }) : t("location.none");
}

function position() {
  return new Promise((resolve, reject) => {
    const refuse = () => reject({ code: "no_position", message: t("location.refused") });
    if (!navigator.geolocation) return refuse();
    return navigator.geolocation.getCurrentPosition(({ coords }) => resolve(coords), refuse, { timeout: 15000, maximumAge: 600000 });
  });
}
