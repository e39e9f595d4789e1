// Requests to the server, and the tokens that go with them.
//
// Where the tokens live: `access` (minutes) is kept in memory only and is gone with the page;
// `refresh` (weeks, rotated at every use) is in localStorage, so that a reload or a second tab
// stays signed in. What is in localStorage can be read by script of this origin, which is why the
// page runs under a policy that lets no foreign or inline script in and never inserts HTML.
import { lang, t } from "/web/text.js";

const REFRESH = "gpting.refresh";
let access = null;
let renewing = null;
const watchers = new Set();

/** What went wrong, in the shape of the server's problem+json. */
export class Problem extends Error {
  constructor({ status = 0, code = "unknown", message = "", errors = {}, retryAfter = null }) {
    super(message);
    Object.assign(this, { status, code, errors, retryAfter });
  }
}

export const isSignedIn = () => stored() !== null;
/** Calls `listener` whenever somebody signs in or out, in this tab or another. */
export const onSession = (listener) => watchers.add(listener);
window.addEventListener("storage", (event) => {
  if (event.key !== REFRESH) return;
  // A rotated token is the same session; a removed or a first one is not.
  if (event.oldValue === null || event.newValue === null) {
    access = null;
    tell();
  }
});

function stored() {
  try {
    return localStorage.getItem(REFRESH);
  } catch {
    return null;
  }
}
function tell() {
  for (const listener of watchers) listener(isSignedIn());
}
function keep(tokens) {
  access = tokens.access;
  if (tokens.refresh) localStorage.setItem(REFRESH, tokens.refresh);
}
function forget() {
  access = null;
  localStorage.removeItem(REFRESH);
  tell();
}

/** Sends one request and returns `{ body, headers, status }`; throws a `Problem` for any failure. */
async function send(method, path, { json, form, signedIn = true, key = null } = {}) {
  const headers = new Headers({ Accept: "application/json", "Accept-Language": lang() });
  if (signedIn && access) headers.set("Authorization", `Bearer ${access}`);
  if (json !== undefined) headers.set("Content-Type", "application/json");
  if (key) headers.set("Idempotency-Key", key);
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: json === undefined ? form : JSON.stringify(json), credentials: "omit" });
  } catch {
    throw new Problem({ code: "network", message: t("error.network") });
  }
  const type = answer.headers.get("Content-Type") ?? "";
  let body = null;
  try {
    if (type.includes("json")) body = await answer.json();
    else if (answer.ok && answer.status !== 204) body = await answer.blob();
  } catch {
    throw new Problem({ status: answer.status, code: "network", message: t("error.network") });
  }
  if (answer.ok) return { body, headers: answer.headers, status: answer.status };
  throw new Problem({
    status: answer.status,
    code: body?.code,
    message: body?.message || body?.detail || body?.title || t("error.unknown"),
    errors: body?.errors,
    retryAfter: wait(answer.headers.get("Retry-After")),
  });
}

/** `Retry-After` in whole seconds; it may be a number or a date. */
function wait(header) {
  if (!header) return null;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : Math.ceil((Date.parse(header) - Date.now()) / 1000);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

/** New tokens for the stored refresh token. Single flight within the page and, by a lock, among
 *  tabs: two uses of one rotating token would look like a theft and end the session. */
export function renew() {
  const locked = (work) => (navigator.locks ? navigator.locks.request("gpting-refresh", work) : work());
  renewing ??= locked(async () => {
    const refresh = stored();
    if (!refresh) throw signedOut();
    try {
      keep((await send("POST", "/api/accounts/token/refresh/", { json: { refresh }, signedIn: false })).body);
    } catch (problem) {
      // Only a refusal ends the session; a lost network or a busy server does not.
      if (problem.status !== 400 && problem.status !== 401 && problem.status !== 403) throw problem;
      forget();
      throw signedOut();
    }
  }).finally(() => {
    renewing = null;
  });
  return renewing;
}
const signedOut = () => new Problem({ status: 401, code: "signed_out", message: t("error.signed_out") });

/** A request of a signed-in member: one renewal after a 401, then one more try. */
async function signedRequest(method, path, options = {}) {
  // A page that has just been loaded holds no access token: get one instead of failing first.
  if (!access) await renew();
  const used = access;
  try {
    return await send(method, path, options);
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    // Another request may have renewed meanwhile; then its token is tried first.
    if (access === used) await renew();
  }
  try {
    return await send(method, path, options);
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    forget();
    throw signedOut();
  }
}

export const get = async (path) => (await signedRequest("GET", path)).body;
export const put = async (path, json) => (await signedRequest("PUT", path, { json })).body;
export const patch = async (path, json) => (await signedRequest("PATCH", path, { json })).body;
export const remove = async (path, json) => (await signedRequest("DELETE", path, { json })).body;
/** The key makes a repeated request after a lost answer harmless; both tries of one call share it. */
export const post = async (path, json = {}) => (await signedRequest("POST", path, { json, key: uuid() })).body;
export const upload = async (path, form) => (await signedRequest("POST", path, { form, key: uuid() })).body;
/** One page of a list: `{ items, next }`; `next` is the cursor of the following page or null. */
export async function page(path) {
  const { body, headers } = await signedRequest("GET", path);
  return { items: Array.isArray(body) ? body : [], next: headers.get("X-Next-Cursor") };
}
/** A request that needs nobody signed in (sign-up, codes). */
export const publicPost = async (path, json) => (await send("POST", path, { json, signedIn: false })).body;

export async function login(username, password) {
  const body = await publicPost("/api/accounts/login/", { username, password });
  keep(body);
  tell();
}
/** Forgets the tokens here even if the server cannot be reached. */
export async function logout() {
  const refresh = stored();
  try {
    if (refresh) await signedRequest("POST", "/api/accounts/logout/", { json: { refresh } });
  } catch (problem) {
    if (problem.code !== "signed_out") throw problem;
  } finally {
    forget();
  }
}
/** After the account was hidden or erased there is nothing left to log out of. */
export const endSession = forget;

/** A random UUID; `crypto.randomUUID` exists only on secure origins, the bytes everywhere. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
