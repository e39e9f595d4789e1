// Signing in; afterwards back to the page that asked for it.
import { login } from "/web/api.js";
import { el, heading, link } from "/web/dom.js";
import { field, form, input } from "/web/form.js";
import { t } from "/web/text.js";

/** Only a path of this site: anything else would let a link send people elsewhere after login. */
function nextPage(query) {
  const next = query.get("next") ?? "";
  try {
    const address = new URL(next || "/home/main/", location.origin);
    return next.startsWith("/") && address.origin === location.origin ? address.pathname + address.search : "/home/main/";
  } catch {
    return "/home/main/";
  }
}

export default function loginPage(box, { query, go }) {
  const username = input({ required: true, autocomplete: "username", autocapitalize: "none", spellcheck: "false" });
  const password = input({ type: "password", required: true, autocomplete: "current-password" });
  box.append(
    heading(t("login.title")),
    el("div", { class: "panel narrow" },
      form([
        field("username", t("login.username"), username),
        field("password", t("field.password"), password),
      ], t("nav.login"), async () => {
        await login(username.value.trim(), password.value);
        await go(nextPage(query), { replace: true });
      }),
      el("p", { class: "hint" }, t("login.no_account"), " ", link("/accounts/signup/", t("nav.signup")))));
}
