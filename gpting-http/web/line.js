// The line to the server: one socket for all rooms (`/ws/`), opened by a ticket, kept alive, and opened again after
// every break. Knows nothing of rooms; what travels on it is for whoever opened it.
import { post, renew } from "/web/api.js";

const PING_MS = 20_000;
// Two missed pings: no frame for so long from a server that answers them means the line is dead,
// whatever the browser believes.
const SILENCE_MS = 45_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
// Trying again changes nothing.
const GONE = new Set([4403, 4404]);

/** A socket by a ticket: it stands among the subprotocols, so that no secret is in an address. */
async function open() {
  const { ticket } = await post("/api/chat/ticket/");
  const url = new URL("/ws/", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url, ["gpting.v1", `ticket.${ticket}`]);
}

/** Opens the line. `on` gets `state(open|waiting|gone|signed_out)` and `frame(frame)`. */
export function openLine(on) {
  let socket = null;
  let closed = false;
  let connecting = false;
  let tries = 0;
  let lastFrame = 0;
  let hint = null;
  let reconnectTimer;

  const isOpen = () => socket?.readyState === WebSocket.OPEN;
  const send = (frame) => {
    if (!isOpen()) return false;
    socket.send(JSON.stringify(frame));
    return true;
  };

  async function connect() {
    if (closed || connecting || socket) return;
    connecting = true;
    clearTimeout(reconnectTimer);
    let line;
    try {
      line = await open();
    } catch (problem) {
      connecting = false;
      if (problem.code === "signed_out") return stop("signed_out");
      return retry(problem.retryAfter ? problem.retryAfter * 1000 : null);
    }
    connecting = false;
    if (closed) return line.close();
    socket = line;
    line.addEventListener("open", () => {
      lastFrame = Date.now();
      on.state("open");
    });
    line.addEventListener("message", (event) => {
      if (line !== socket) return;
      lastFrame = Date.now();
      tries = 0;
      let frame;
      try {
        frame = JSON.parse(event.data);
      } catch {
        return;
      }
      if (frame.type === "closing") hint = frame.retry_after_ms ?? null;
      on.frame(frame);
    });
    line.addEventListener("close", (event) => {
      if (line !== socket || closed) return;
      socket = null;
      if (GONE.has(event.code)) return stop("gone");
      if (event.code === 4401) {
        renew().catch((problem) => {
          if (problem.code === "signed_out") stop("signed_out");
        });
      }
      retry(hint);
      hint = null;
    });
  }

  /** Full jitter, or what the server asks for: after a restart its clients come back spread. */
  function retry(asked) {
    if (closed) return;
    on.state("waiting");
    const own = FIRST_WAIT_MS / 2 + Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries++);
    clearTimeout(reconnectTimer);
    reconnectTimer = setTimeout(connect, asked ?? own);
  }

  function stop(state) {
    close();
    on.state(state);
  }

  const heartbeat = setInterval(() => {
    if (!isOpen()) return;
    if (Date.now() - lastFrame > SILENCE_MS) {
      const dead = socket;
      socket = null;
      dead.close();
      retry(null);
    } else send({ type: "ping" });
  }, PING_MS);
  const hurry = () => {
    tries = 0;
    connect();
  };
  window.addEventListener("online", hurry);

  function close() {
    closed = true;
    clearTimeout(reconnectTimer);
    clearInterval(heartbeat);
    window.removeEventListener("online", hurry);
    socket?.close(1000);
    socket = null;
  }

  connect();
  return { send, stop, close };
}
