// Start of the client: the router, the menu and the language switch.
//
// Addresses are real paths (no `#`); the server answers each of them with the same shell.
// A page is a function `(box, context) → cleanup?` that fills `box`; a page's module is loaded
// when it is first visited.
import { isSignedIn, logout, onSession } from "/web/api.js";
import { busy, el, failure, link, say } from "/web/dom.js";
import { lang, setLang, t } from "/web/text.js";

const PAGES = [
  { path: /^\/(?:home\/)?$/, load: () => import("/web/view/landing.js") },
  { path: /^\/accounts\/signup\/$/, load: () => import("/web/view/signup.js") },
  { path: /^\/accounts\/login\/$/, load: () => import("/web/view/login.js") },
  { path: /^\/home\/main\/$/, load: () => import("/web/view/picks.js"), signedIn: true },
  { path: /^\/home\/(likes|matches|friends)\/$/, load: () => import("/web/view/lists.js"), signedIn: true },
  { path: /^\/home\/questions\/$/, load: () => import("/web/view/questions.js"), signedIn: true },
  { path: /^\/home\/profile\/$/, load: () => import("/web/view/profile.js"), signedIn: true },
  { path: /^\/chats\/$/, load: () => import("/web/view/rooms.js"), signedIn: true },
  { path: /^\/chats\/chat_room\/(\d+)\/$/, load: () => import("/web/view/room.js"), signedIn: true },
];
const MENU = [
  ["/home/main/", "nav.picks"],
  ["/home/likes/", "nav.likes"],
  ["/home/matches/", "nav.matches"],
  ["/home/friends/", "nav.friends"],
  ["/chats/", "nav.chats"],
  ["/home/profile/", "nav.profile"],
];
const main = document.getElementById("main");
let cleanup = null;
let visit = 0;

/** Goes to a page of the client; `replace` leaves no step back to the present one. */
export function go(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  return show(true);
}

/** The login page, which afterwards comes back to where the visitor is now. */
export const loginAddress = () => `/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`;

async function show(moved) {
  const path = location.pathname.endsWith("/") ? location.pathname : `${location.pathname}/`;
  const page = PAGES.find((one) => one.path.test(path));
  if (page?.signedIn && !isSignedIn()) return go(loginAddress(), { replace: true });
  const mine = ++visit;
  cleanup?.();
  cleanup = null;
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  drawFrame();
  if (!page) {
    main.replaceChildren(el("h1", { tabindex: "-1" }, t("page.missing")), link("/", t("page.home")));
    return arrive(moved);
  }
  // Each visit gets its own box: what a page left behind loads late, it lands outside the document.
  const box = el("div", { class: "page" });
  try {
    const view = await page.load();
    if (mine !== visit) return undefined;
    main.replaceChildren(box);
    const context = { params: page.path.exec(path).slice(1), query: new URLSearchParams(location.search), go };
    const leave = view.default(box, context) ?? null;
    cleanup = leave;
  } catch (problem) {
    console.error(problem);
    if (mine === visit) main.replaceChildren(failure({ message: t("error.network") }, () => show(moved)));
  }
  return arrive(moved);
}

/** After a move the title names the page and the focus is on its heading. */
function arrive(moved) {
  const title = main.querySelector("h1");
  document.title = title ? `${title.textContent} · GPTing` : "GPTing";
  if (!moved) return;
  window.scrollTo(0, 0);
  (title ?? main).focus({ preventScroll: true });
}

function drawFrame() {
  document.documentElement.lang = lang();
  document.getElementById("skip").textContent = t("nav.skip");
  const other = lang() === "ko" ? "en" : "ko";
  const language = document.getElementById("language");
  language.textContent = other === "en" ? "English" : "한국어";
  language.lang = other;
  const nav = document.getElementById("nav");
  nav.setAttribute("aria-label", t("nav.menu"));
  const here = (href) => (location.pathname.startsWith(href) ? "page" : null);
  nav.replaceChildren(...(isSignedIn()
    ? [...MENU.map(([href, key]) => link(href, t(key), { "aria-current": here(href) })), logoutButton()]
    : [link("/accounts/login/", t("nav.login"), { "aria-current": here("/accounts/login/") }),
      link("/accounts/signup/", t("nav.signup"), { "aria-current": here("/accounts/signup/") })]));
}

function logoutButton() {
  const button = el("button", { type: "button", class: "quiet" }, t("nav.logout"));
  button.addEventListener("click", () => busy(button, async () => {
    leaving = true;
    try {
      await logout();
    } finally {
      leaving = false;
      await go("/accounts/login/");
    }
    say(t("login.bye"));
  }));
  return button;
}

// A session that ends while a member's page is open (expired, revoked, signed out in another tab)
// leads to the login page; signing in is handled by the page that did it.
let leaving = false;
onSession((signedIn) => {
  drawFrame();
  if (signedIn || leaving) return;
  const path = location.pathname.endsWith("/") ? location.pathname : `${location.pathname}/`;
  if (PAGES.find((one) => one.path.test(path))?.signedIn) {
    go(loginAddress(), { replace: true }).then(() => say(t("error.signed_out")));
  }
});

document.getElementById("language").addEventListener("click", () => {
  setLang(lang() === "ko" ? "en" : "ko");
  show(false);
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.addEventListener("click", (event) => {
  const anchor = event.target.closest?.("a[href]");
  if (!anchor || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (anchor.origin !== location.origin || anchor.target || anchor.hasAttribute("download")) return;
  const path = anchor.pathname.endsWith("/") ? anchor.pathname : `${anchor.pathname}/`;
  if (!PAGES.some((page) => page.path.test(path))) return;
  event.preventDefault();
  go(anchor.pathname + anchor.search);
});
window.addEventListener("popstate", () => show(true));
show(false);
