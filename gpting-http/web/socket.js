// The real-time line of one room. Everything the client knows about the socket protocol is here:
// the address and how it proves who we are, the frames, acknowledgements, resume and reconnecting.
//
// A message is shown at once, is "sent" when its `ack` came, and is sent again with the same
// `client_msg_id` after every reconnect until then, so it arrives once however often the line breaks.
import { freshAccess, renew, uuid } from "/web/api.js";
import { heads } from "/web/wire.js";

const PING_MS = 20_000;
// Two missed pings: no frame for so long from a server that answers them means the line is dead,
// whatever the browser believes.
const SILENCE_MS = 45_000;
const ACK_MS = 10_000;
const TYPING_MS = 3_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
// The room is not (or no longer) ours to enter: trying again changes nothing.
const GONE = new Set([4403, 4404]);

/** The documented address: the access token in the query. A browser cannot set headers here. */
async function address(roomId) {
  const url = new URL(`/ws/chat/${roomId}/`, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("token", await freshAccess());
  return url;
}

/** Opens the line. `on` gets: `state(open|waiting|gone|signed_out)`, `ready(frame)`, `message(frame)`,
 *  `acked(clientId, frame)`, `failed(clientId, problem|null)`, `read(frame)`, `typing(frame)`,
 *  `presence(frame)`, `resync()`, `behind(headSeq)`, `problem({code, message})`. */
export function openRoomSocket(roomId, on) {
  const id = String(roomId);
  const outbox = new Map();
  let socket = null;
  let closed = false;
  let connecting = false;
  let epoch = null;
  let lastSeq = null;
  let tries = 0;
  let lastFrame = 0;
  let answersPings = false;
  let lastTyping = 0;
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
      line = new WebSocket(await address(id));
    } catch (problem) {
      connecting = false;
      if (problem.code === "signed_out") return stop("signed_out");
      return retry();
    }
    connecting = false;
    if (closed) return line.close();
    socket = line;
    let opened = false;
    line.addEventListener("open", () => {
      opened = true;
      tries = 0;
      lastFrame = Date.now();
      // What was missed while away comes first, in order; then what we could not send.
      if (epoch !== null && lastSeq !== null) send({ type: "resume", epoch, rooms: { [id]: lastSeq } });
      for (const [clientId, entry] of outbox) if (!entry.failed) transmit(clientId, entry);
      on.state("open");
    });
    line.addEventListener("message", (event) => {
      if (line !== socket) return;
      lastFrame = Date.now();
      let frame;
      try {
        frame = JSON.parse(event.data);
      } catch {
        return;
      }
      receive(frame);
    });
    line.addEventListener("close", (event) => {
      if (line !== socket || closed) return;
      socket = null;
      if (GONE.has(event.code)) return stop("gone");
      // The browser hides why an upgrade was refused; an outdated token is the likeliest reason.
      if (event.code === 4401 || (!opened && tries > 0)) {
        renew().catch((problem) => {
          if (problem.code === "signed_out") stop("signed_out");
        });
      }
      retry();
    });
  }

  /** Full jitter: after a restart of the server its clients come back spread over the whole wait. */
  function retry() {
    if (closed) return;
    on.state("waiting");
    const wait = FIRST_WAIT_MS / 2 + Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries++);
    clearTimeout(reconnectTimer);
    reconnectTimer = setTimeout(connect, wait);
  }

  function stop(state) {
    close();
    on.state(state);
  }

  function receive(frame) {
    if (frame.room_id !== undefined && String(frame.room_id) !== id) return;
    const head = heads(frame)?.[id];
    switch (frame.type) {
      case "ready":
        // Another epoch means another log: what we hold cannot be continued.
        if (epoch !== null && frame.epoch !== epoch) on.resync();
        epoch = frame.epoch ?? epoch;
        on.ready(frame);
        break;
      case "message":
        if (frame.client_msg_id) settle(frame.client_msg_id);
        on.message(frame);
        break;
      case "ack":
        settle(frame.client_msg_id);
        on.acked(frame.client_msg_id, frame);
        break;
      case "read": on.read(frame); break;
      case "typing": on.typing(frame); break;
      case "presence": on.presence(frame); break;
      case "pong":
      case "heartbeat": answersPings = true; break;
      case "resync_required": on.resync(); break;
      case "error":
        if (frame.client_msg_id && outbox.has(frame.client_msg_id)) fail(frame.client_msg_id, frame);
        else on.problem(frame);
        break;
      default:
        // `closing` and frames of a later version need nothing: the close itself reconnects.
        break;
    }
    if (typeof head === "number" && lastSeq !== null && head > lastSeq) on.behind(head);
  }

  function transmit(clientId, entry) {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => fail(clientId, null), ACK_MS);
    send({ type: "message", room_id: Number(id), message: entry.text, client_msg_id: clientId });
  }
  function settle(clientId) {
    clearTimeout(outbox.get(clientId)?.timer);
    outbox.delete(clientId);
  }
  function fail(clientId, problem) {
    const entry = outbox.get(clientId);
    if (!entry) return;
    clearTimeout(entry.timer);
    entry.failed = true;
    on.failed(clientId, problem);
  }

  const heartbeat = setInterval(() => {
    if (!isOpen()) return;
    if (answersPings && Date.now() - lastFrame > SILENCE_MS) {
      const dead = socket;
      socket = null;
      dead.close();
      retry();
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
    for (const entry of outbox.values()) clearTimeout(entry.timer);
    socket?.close(1000);
    socket = null;
  }

  connect();
  return {
    /** Sends a text; returns the `client_msg_id` under which its fate will be told. */
    say(text) {
      const clientId = uuid();
      const entry = { text, failed: false, timer: null };
      outbox.set(clientId, entry);
      transmit(clientId, entry);
      return clientId;
    },
    /** Tries a failed message again under its old id. */
    again(clientId) {
      const entry = outbox.get(clientId);
      if (!entry) return;
      entry.failed = false;
      transmit(clientId, entry);
    },
    /** The message arrived by another way (history). */
    settle,
    /** The last seq shown without a hole before it; resume continues there. */
    reached: (seq) => { lastSeq = seq; },
    read: (seq) => send({ type: "read", room_id: Number(id), seq }),
    typing() {
      if (Date.now() - lastTyping < TYPING_MS) return;
      if (send({ type: "typing", room_id: Number(id) })) lastTyping = Date.now();
    },
    close,
  };
}
