// One room on the line of all rooms: the frames, acknowledgements and resuming.
//
// A message is shown at once, is "sent" when its `ack` came, and is sent again with the same
// `client_msg_id` after every reconnect until then, so it arrives once however often the line breaks.
import { uuid } from "/web/api.js";
import { openLine } from "/web/line.js";
import { heads } from "/web/wire.js";

const ACK_MS = 10_000;
const TYPING_MS = 3_000;
const PRESENCE_MS = 5_000;
// `ready` names so many rooms at the most; a room beyond them may be there all the same.
const MOST_ROOMS = 1_000;

/** Opens the room. `on` gets: `state(open|waiting|gone|signed_out)`, `ready(frame)`, `message(frame)`,
 *  `acked(clientId, frame)`, `failed(clientId, problem|null)`, `read(frame)`, `typing(frame)`,
 *  `presence(frame)`, `unsent(seq)`, `resync()`, `behind(headSeq)`, `problem({code, message})`. */
export function openRoomSocket(roomId, on) {
  const id = String(roomId);
  const room = Number(id);
  const outbox = new Map();
  let epoch = null;
  let lastSeq = null;
  let revision = 0;
  let resuming = false;
  let lastTyping = 0;

  const line = openLine({ state: (state) => { if (state !== "open") on.state(state); }, frame: receive });

  function receive(frame) {
    if (frame.room_id !== undefined && String(frame.room_id) !== id) return;
    const head = heads(frame)?.[id];
    switch (frame.type) {
      case "ready": ready(frame, head); break;
      case "resumed":
        resuming = false;
        revision = Math.max(revision, frame.revision ?? 0);
        break;
      case "message":
        // What comes before `resumed` comes again behind it, in order.
        if (resuming) return;
        if (frame.client_msg_id) settle(frame.client_msg_id);
        on.message(frame);
        break;
      case "ack":
        settle(frame.client_msg_id);
        on.acked(frame.client_msg_id, frame);
        break;
      case "unsent":
        revision = Math.max(revision, frame.revision ?? 0);
        on.unsent(frame.seq);
        break;
      case "read": on.read(frame); break;
      case "typing": on.typing(frame); break;
      case "presence": on.presence(frame); break;
      case "resync_required":
        resuming = false;
        revision = frame.revision ?? 0;
        on.resync();
        break;
      case "closed": stop("gone"); return;
      case "error":
        if (frame.client_msg_id && outbox.has(frame.client_msg_id)) fail(frame.client_msg_id, frame);
        else on.problem(frame);
        break;
      default:
        // `pong`, `closing` and frames of a later version need nothing: a close itself reconnects.
        break;
    }
    if (typeof head === "number" && lastSeq !== null && !resuming && head > lastSeq) on.behind(head);
  }

  function ready(frame, head) {
    if (head === undefined && Object.keys(heads(frame) ?? {}).length < MOST_ROOMS) return stop("gone");
    // Another epoch means another log: what we hold cannot be continued.
    if (epoch !== null && frame.epoch !== epoch) on.resync();
    else if (epoch !== null && lastSeq !== null) {
      // What was missed while away comes first, in order; then what we could not send.
      resuming = line.send({ type: "resume", epoch, rooms: { [id]: lastSeq }, revisions: { [id]: revision } });
    } else revision = frame.revisions?.[id] ?? 0;
    epoch = frame.epoch;
    for (const [clientId, entry] of outbox) if (!entry.failed) transmit(clientId, entry);
    on.state("open");
    on.ready(frame);
    return undefined;
  }

  function stop(state) {
    close();
    on.state(state);
  }

  function transmit(clientId, entry) {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => fail(clientId, null), ACK_MS);
    line.send({ type: "message", room_id: room, message: entry.text, client_msg_id: clientId });
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

  /** The partner sees that the room is before somebody, for as long as it is. */
  const here = () => line.send({ type: "presence", room_id: room, online: !document.hidden });
  const presence = setInterval(() => { if (!document.hidden) here(); }, PRESENCE_MS);
  document.addEventListener("visibilitychange", here);

  function close() {
    clearInterval(presence);
    document.removeEventListener("visibilitychange", here);
    for (const entry of outbox.values()) clearTimeout(entry.timer);
    line.close();
  }

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
    read: (seq) => line.send({ type: "read", room_id: room, seq }),
    typing() {
      if (Date.now() - lastTyping < TYPING_MS) return;
      if (line.send({ type: "typing", room_id: room })) lastTyping = Date.now();
    },
    close,
  };
}
