// Own pictures: add, delete, put in order. The first one is the profile picture.
import { get, put, remove, upload } from "/web/api.js";
import { action, busy, confirmed, el, say, section } from "/web/dom.js";
import { field, form, input, showErrors } from "/web/form.js";
import { t } from "/web/text.js";
import { photos } from "/web/wire.js";
import { picture } from "/web/view/card.js";

const PHOTOS = "/api/accounts/profile/photos/";
const LARGEST_BYTES = 10 * 1024 * 1024;

export function photoSection(profile) {
  let own = photos(profile);
  const list = el("ol", { class: "photos" });
  const file = input({ type: "file", accept: "image/jpeg,image/png,image/webp", required: true });
  const add = form([field("photo", t("photos.add"), file, t("photos.hint"))], t("photos.upload"), async () => {
    if (file.files[0].size > LARGEST_BYTES) return showErrors(add, { code: "too_large", message: "", errors: { photo: [t("photos.too_large")] } });
    const parts = new FormData();
    parts.append("photo", file.files[0]);
    await upload(PHOTOS, parts);
    file.value = "";
    await reload();
    return say(t("state.saved"));
  });
  draw();
  return section("photos", t("photos.title"), list, add);

  /** The addresses of pictures are signed and change, so they are always asked for anew. */
  async function reload() {
    own = photos(await get("/api/accounts/profile/"));
    draw();
  }

  function draw() {
    list.replaceChildren(...(own.length === 0 ? [el("li", {}, picture(profile.profile_picture, t("photos.none")))] : own.map(one)));
  }

  function one(photo, index) {
    const number = index + 1;
    const move = (step, label, key) => {
      const button = el("button", { type: "button", class: "quiet", "aria-label": t(key, { number }), disabled: !own[index + step] }, label);
      button.addEventListener("click", () => busy(button, async () => {
        const order = own.map((each) => each.id);
        [order[index], order[index + step]] = [order[index + step], order[index]];
        await put(PHOTOS, { order });
        await reload();
        list.children[index + step]?.querySelector("button:not([disabled])")?.focus();
      }));
      return button;
    };
    return el("li", {},
      picture(photo.url, t("photos.number", { number })),
      index === 0 ? el("span", { class: "badge" }, t("photos.first")) : null,
      el("div", { class: "row center" },
        move(-1, "←", "photos.earlier"),
        move(1, "→", "photos.later"),
        action("✕", async () => {
          if (!(await confirmed(t("photos.question"), t("action.delete")))) return;
          await remove(`${PHOTOS}${photo.id}/`);
          await reload();
          list.querySelector("button:not([disabled])")?.focus();
        }, { class: "quiet", "aria-label": t("photos.delete", { number }) })));
  }
}
