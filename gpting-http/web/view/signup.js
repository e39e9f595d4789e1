// Joining: the form, then the six digits from the mail, then straight in.
import { login, publicPost } from "/web/api.js";
import { busy, el, heading, link, say, sayProblem } from "/web/dom.js";
import { check, field, form, input, select } from "/web/form.js";
import { t } from "/web/text.js";

// The server counts a minute between two mails of one address; asking earlier would only be refused.
const RESEND_SECONDS = 60;
const REQUIRED = ["terms", "privacy"];
const OPTIONAL = ["location", "sensitive"];

export default function signup(box, { go }) {
  const timers = new Set();
  askDetails();
  return () => timers.forEach(clearInterval);

  function askDetails() {
    const control = {
      username: input({ required: true, autocomplete: "username", autocapitalize: "none", spellcheck: "false", maxlength: 150 }),
      email: input({ type: "email", required: true, autocomplete: "email" }),
      password: input({ type: "password", required: true, minlength: 8, autocomplete: "new-password" }),
      nickname: input({ required: true, autocomplete: "nickname", maxlength: 30 }),
      gender: select([["", t("field.choose")], ["F", t("gender.F")], ["M", t("gender.M")], ["O", t("gender.O")]], "", { required: true }),
      birth_date: input({ type: "date", autocomplete: "bday", min: "1900-01-01" }),
      bio: el("textarea", { rows: 4, maxlength: 1000 }),
    };
    const hints = { password: t("signup.password_hint"), birth_date: t("signup.birth_hint"), username: t("signup.username_hint") };
    const consent = (purpose, required) =>
      el("div", { class: "field", "data-field": `consents.${purpose}` },
        check("consent", purpose, `${t(`consent.${purpose}`)} (${t(required ? "consent.required" : "consent.optional")})`, false, { required }),
        el("p", { class: "field-error", role: "alert" }));
    box.replaceChildren(
      heading(t("signup.title")),
      el("div", { class: "panel narrow" },
        form([
          ...Object.entries(control).map(([name, node]) => field(name, t(`field.${name}`), node, hints[name])),
          el("fieldset", { class: "field", "data-field": "consents" },
            el("legend", {}, t("consent.title")),
            REQUIRED.map((purpose) => consent(purpose, true)),
            OPTIONAL.map((purpose) => consent(purpose, false)),
            el("p", { class: "field-error", role: "alert" })),
        ], t("signup.send"), async (node) => {
          const values = Object.fromEntries(Object.entries(control).map(([name, one]) => [name, one.value]));
          for (const name of ["username", "email", "nickname"]) values[name] = values[name].trim();
          for (const name of ["birth_date", "bio"]) if (!values[name]) delete values[name];
          values.consents = Object.fromEntries([...node.querySelectorAll("input[name=consent]")].map((one) => [one.value, one.checked]));
          const answer = await publicPost("/api/accounts/signup/", values);
          askCode(values, answer?.message);
        }),
        el("p", { class: "hint" }, t("signup.have_account"), " ", link("/accounts/login/", t("nav.login")))));
  }

  function askCode({ username, email, password }, sentence) {
    const code = input({
      required: true, inputmode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{6}", maxlength: 6, class: "code",
    });
    const resend = el("button", { type: "button", class: "quiet" }, t("code.resend"));
    resend.addEventListener("click", async () => {
      await busy(resend, async () => {
        const answer = await publicPost("/api/accounts/verify-email/resend/", { email });
        say(answer?.message || t("code.sent"));
        count(resend, RESEND_SECONDS);
      }, (problem) => {
        sayProblem(problem);
        if (problem.retryAfter) count(resend, problem.retryAfter);
      });
    });
    box.replaceChildren(
      heading(t("code.title")),
      el("div", { class: "panel narrow" },
        el("p", { role: "status" }, sentence || t("code.sent")),
        el("p", { class: "hint" }, t("code.where", { email })),
        form([field("code", t("field.code"), code, t("code.hint"))], t("code.send"), async () => {
          const answer = await publicPost("/api/accounts/verify-email/", { email, code: code.value.trim() });
          try {
            await login(username, password);
          } catch {
            // The account exists; whatever kept the login from working, the login page can say it.
            await go("/accounts/login/", { replace: true });
            return say(answer?.message || t("code.done"));
          }
          await go("/home/profile/", { replace: true });
          return say(answer?.message || t("code.done"));
        }),
        el("div", { class: "row" }, resend,
          el("button", { type: "button", class: "quiet", onclick: askDetails }, t("code.back")))));
    count(resend, RESEND_SECONDS);
    code.focus();
  }

  /** Shows the seconds in the button's place until it may be pressed again. */
  function count(button, seconds) {
    let left = seconds;
    const lock = el("span", { class: "hint" });
    const tick = () => {
      lock.textContent = left > 0 ? ` ${t("code.wait", { seconds: left })}` : "";
      button.hidden = left > 0;
      if (left-- > 0) return;
      clearInterval(timer);
      timers.delete(timer);
      lock.remove();
    };
    button.after(lock);
    const timer = setInterval(tick, 1000);
    timers.add(timer);
    tick();
  }
}
