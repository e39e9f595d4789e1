// Questions: the own answer, which answers one accepts, and how much that matters. One small form each, saved by itself.
import { get, put } from "/web/api.js";
import { action, el, fill, heading, link, say } from "/web/dom.js";
import { check, checks, form, select, ticked } from "/web/form.js";
import { t } from "/web/text.js";
import { answersOf, questionTopics } from "/web/wire.js";

const ANSWERS = "/api/accounts/answers/";
const LEVELS = ["irrelevant", "little", "somewhat", "very", "mandatory"];

export default function questionsPage(box) {
  const body = el("div", { class: "sections" });
  box.append(
    heading(t("questions.title"), link("/home/profile/", t("nav.profile"))),
    el("p", { class: "hint" }, t("questions.private")),
    body);
  fill(body, async () => {
    const [topics, answers] = await Promise.all([
      get("/api/accounts/questions/").then(questionTopics),
      get(ANSWERS).then(answersOf),
    ]);
    return topics.map((topic, place) => section(topic, answers, place === 0));
  });
}

function section(topic, answers, isOpen) {
  const count = el("span", {});
  const tell = () => {
    const done = topic.questions.filter((question) => answers[question.code]).length;
    count.textContent = ` ${done} / ${topic.questions.length}`;
  };
  tell();
  return el("details", { class: "panel", open: isOpen },
    el("summary", {}, topic.label, count),
    topic.questions.map((question) => entry(question, answers, tell)));
}

/** One question; `answers` holds what the server has, and is kept up to date. */
function entry(question, answers, tell) {
  const node = el("section", { "aria-label": question.label });
  draw();
  return node;

  function draw() {
    const own = answers[question.code];
    const name = `answers.${question.code}`;
    const choice = select([["", t("profile.unsaid")], ...question.choices], own?.choice ?? "", { required: true, "aria-label": t("questions.own") });
    const importance = select(LEVELS.map((code) => [code, t(`importance.${code}`)]), own?.importance ?? "somewhat", { "aria-label": t("questions.importance") });
    const accepts = checks(`${name}.accepts`, t("questions.accepts"), question.choices, own?.accepts ?? question.choices.map(([code]) => code));
    const dealbreaker = check(`${name}.dealbreaker`, "yes", t("questions.dealbreaker"), own?.dealbreaker ?? false);
    const send = async (answer) => {
      Object.assign(answers, { [question.code]: undefined }, answersOf(await put(ANSWERS, { answers: { [question.code]: answer } })));
      say(t("state.saved"));
      tell();
    };
    node.replaceChildren(
      el("h3", {}, question.sensitive ? `${question.label} (${t("profile.sensitive")})` : question.label),
      form([
        el("div", { class: "grid" },
          el("div", { class: "field", "data-field": `${name}.choice` }, el("span", {}, t("questions.own")), choice, el("p", { class: "field-error", role: "alert" })),
          el("div", { class: "field" }, el("span", {}, t("questions.importance")), importance)),
        accepts,
        dealbreaker,
        own ? action(t("questions.take_back"), () => send(null).then(draw), { class: "quiet" }) : null,
      ].filter(Boolean), t("action.save"), (within) => send({
        choice: choice.value,
        accepts: ticked(within, `${name}.accepts`),
        importance: importance.value,
        dealbreaker: dealbreaker.querySelector("input").checked,
      }).then(draw)));
  }
}
