// The account side of the profile page: consents, devices signed in, people blocked, own data,
// and leaving.
import { endSession, get, post, put, remove } from "/web/api.js";
import { action, confirmed, el, fill, openDialog, say, section } from "/web/dom.js";
import { check, field, form, input } from "/web/form.js";
import { t, when } from "/web/text.js";
import { blocks, consentChange, consents, sessions } from "/web/wire.js";

const ACCOUNTS = "/api/accounts/";

export const account = (go) => [consentSection(), sessionSection(go), blockSection(), leaveSection(go)];

function consentSection() {
  const list = el("div", { class: "stack" });
  fill(list, async () => consents(await get(`${ACCOUNTS}consents/`)).map((entry) => {
    const name = entry.label || t(`consent.${entry.purpose}`, {}, entry.purpose);
    const label = check(entry.purpose, "on", `${name} (${t(entry.required ? "consent.required" : "consent.optional")})`, entry.granted);
    const box = label.querySelector("input");
    // Taking a consent back is as easy as giving it: one click, no question.
    box.addEventListener("change", async () => {
      box.disabled = true;
      try {
        await put(`${ACCOUNTS}consents/`, consentChange(entry.purpose, box.checked));
        say(t("state.saved"));
      } catch (problem) {
        box.checked = !box.checked;
        say(problem.message);
      } finally {
        box.disabled = false;
        box.focus();
      }
    });
    return el("div", {}, label, entry.text ? el("p", { class: "hint" }, entry.text) : null);
  }));
  return section("consents", t("consent.title"), el("p", { class: "hint" }, t("consent.hint")), list);
}

function sessionSection(go) {
  const list = el("div", {});
  const load = () => fill(list, async () => el("ul", { class: "lines" }, sessions(await get(`${ACCOUNTS}sessions/`)).map((one) =>
    el("li", {},
      el("span", {}, one.name || t("sessions.unknown"), one.current ? el("span", { class: "badge" }, t("sessions.this")) : null,
        el("span", { class: "hint block" }, [one.place, one.seen ? t("sessions.seen", { time: when(one.seen) }) : ""].filter(Boolean).join(" · "))),
      one.current ? null : action(t("sessions.end"), async () => {
        await remove(`${ACCOUNTS}sessions/${one.id}/`);
        await load();
        say(t("sessions.ended"));
      }, { class: "quiet" })))));
  load();
  return section("sessions", t("sessions.title"), list,
    el("div", { class: "row" }, action(t("sessions.end_all"), async () => {
      if (!(await confirmed(t("sessions.question"), t("sessions.end_all")))) return;
      await remove(`${ACCOUNTS}sessions/`);
      endSession();
      await go("/accounts/login/", { replace: true });
    })));
}

function blockSection() {
  const list = el("div", {});
  fill(list, async () => {
    const people = blocks(await get(`${ACCOUNTS}blocks/`));
    if (people.length === 0) return el("p", { class: "hint" }, t("block.none"));
    return el("ul", { class: "lines" }, people.map((person) => {
      const line = el("li", {}, el("span", {}, person.name || t("friend.somebody")), action(t("block.lift"), async () => {
        await remove(`${ACCOUNTS}blocks/${person.id}/`);
        line.remove();
        say(t("block.lifted"));
      }, { class: "quiet" }));
      return line;
    }));
  });
  return section("blocks", t("block.title"), list);
}

function leaveSection(go) {
  const saveExport = async () => {
    const data = await get(`${ACCOUNTS}export/`);
    const blob = data instanceof Blob ? data : new Blob([JSON.stringify(data, null, 2)], { type: "application/json" });
    const address = URL.createObjectURL(blob);
    const anchor = el("a", { href: address, download: data instanceof Blob ? "gpting.zip" : "gpting.json" });
    anchor.click();
    // The browser may still be reading the blob when `click` returns.
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  };
  return section("leave", t("leave.title"),
    el("div", { class: "row" },
      action(t("leave.export"), saveExport),
      action(t("leave.hide"), () => askPassword(t("leave.hide"), t("leave.hide_text"), "deactivate/", go)),
      action(t("leave.delete"), () => askPassword(t("leave.delete"), t("leave.delete_text"), "delete/", go), { class: "danger" })));
}

/** Both ways out ask for the password, so that an unlocked phone is not enough. */
function askPassword(title, explanation, path, go) {
  const password = input({ type: "password", required: true, autocomplete: "current-password" });
  const dialog = openDialog(title, el("p", {}, explanation),
    form([field("password", t("field.password"), password)], title, async () => {
      const answer = await post(ACCOUNTS + path, { password: password.value });
      dialog.close();
      endSession();
      await go("/", { replace: true });
      say(answer?.message || t("leave.done"));
    }));
}
