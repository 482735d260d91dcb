// Four processes learn on OneMax over a total order, one log each: docs/logs.md, in JavaScript.
//
//     node four_processes.mjs FOLDER
//
// It is written from docs/logs.md and tests/vectors/README.md alone.  p4 is Byzantine: it claims a
// loss of 0, and has no log.  Single draws, two for each process; λ = 3, μ = 2.

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PROCESSES = ["p1", "p2", "p3", "p4"];
const [LAMBDA, MU, DRAWS, GENERATIONS, BITS] = [3, 2, 2, 5, 64];
const WORD = (1n << 64n) - 1n;

// ------------------------------------------------------- digests, noise and the landscape

function eightBytes(number) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes;
}

function digest(tag, ...fields) {
  const sha = createHash("sha256");
  for (const field of [tag, ...fields]) {
    const item = typeof field === "number" || typeof field === "bigint" ? eightBytes(field) : Buffer.from(field);
    sha.update(eightBytes(item.length)).update(item);
  }
  return sha.digest();
}

function philox(counter, key) {
  let words = [counter, 0n, 0n, 0n];
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const a = 0xd2e7470ee14c6c93n * words[0];
    const b = 0xca5a826395121157n * words[2];
    words = [(b >> 64n) ^ words[1] ^ k0, b & WORD, (a >> 64n) ^ words[3] ^ k1, a & WORD];
    k0 = (k0 + 0x9e3779b97f4a7c15n) & WORD;
    k1 = (k1 + 0xbb67ae8584caa73bn) & WORD;
  }
  return words;
}

function noise(parent, { generation, proposer }, draw) {
  const seed = digest("model-consensus/noise/2", parent, generation, proposer, draw);
  const key = [seed.readBigUInt64LE(0), seed.readBigUInt64LE(8)];
  const coordinates = [];
  for (let counter = 1n; coordinates.length < BITS; counter++) {
    for (const word of philox(counter, key)) {
      coordinates.push(word.toString(2).replaceAll("0", "").length - 32);
    }
  }
  return coordinates.slice(0, BITS);
}

// A step is a list of tickets of single draws; they are sorted by proposer, all of one generation.
function offspring(parent, step) {
  const tickets = [...step].sort((a, b) => (a.proposer < b.proposer ? -1 : 1));
  const names = tickets.map(({ generation, proposer, weights }) =>
    digest("model-consensus/ticket/1", generation, proposer, ...weights.map((w) => BigInt(w) + (1n << 63n))),
  );
  const moves = tickets.map((ticket) => noise(parent.digest, ticket, ticket.weights.indexOf(1)));
  const length = Math.floor(64 * Math.sqrt(moves.length));
  const bits = parent.bits.map((bit, i) => {
    const sum = moves.reduce((total, move) => total + 64 * move[i], 0);
    return Math.floor((64 * sum) / length) >= 9 * 64 ? 1 - bit : bit;
  });
  return { digest: digest("model-consensus/offspring/3", parent.digest, ...names), bits };
}

const loss = (model) => model.bits.filter((bit) => bit === 0).length;

const GENESIS = { bits: Array(BITS).fill(0) };
GENESIS.digest = digest(
  "model-consensus/genesis/2", `onemax/1 bits=${BITS} flip=9`, Buffer.alloc(8 * BITS),
  LAMBDA, MU, DRAWS, 0, 0,
);

// -------------------------------------------------------------------- a process and its log

class Process {
  constructor(name) {
    Object.assign(this, { name, model: GENESIS, generation: 1, accepted: [], verified: [], banned: [], lines: [] });
    this.log("start", {
      version: 1, process: name, processes: PROCESSES, lambda: LAMBDA, mu: MU, draws: DRAWS,
      recombines: false, elitist: false, genesis: GENESIS.digest.toString("hex"),
    });
  }

  log(event, fields) {
    this.lines.push(JSON.stringify({ number: this.lines.length + 1, event, ...fields }));
  }

  evaluate(step, losses) {
    losses.push(loss(offspring(this.model, step)));
    return losses.at(-1);
  }

  offer() {
    const losses = [];
    const tickets = [...Array(DRAWS).keys()].map((draw) => ({
      generation: this.generation, proposer: this.name,
      weights: [...Array(DRAWS).keys()].map((other) => Number(other === draw)),
    }));
    tickets.forEach((ticket) => this.evaluate([ticket], losses));
    const best = losses.indexOf(Math.min(...losses));
    const offer = { sender: this.name, parent: this.model.digest.toString("hex"), ticket: tickets[best], claim: losses[best] };
    this.log("offered", { offer, losses });
    return offer;
  }

  deliver(offer) {
    const losses = [];
    const { sender, ticket, parent } = offer;
    const legal = ticket.generation === this.generation && ticket.proposer === sender &&
      ticket.weights.length === DRAWS && ticket.weights.every((w) => w === 0 || w === 1) &&
      ticket.weights.filter((w) => w === 1).length === 1 && parent === this.model.digest.toString("hex");
    const first = ![...this.accepted, ...this.verified].some((other) => other.sender === sender);
    if (legal && first && !this.banned.includes(sender)) {
      this.accepted.push(offer);
      this.verify(losses);
    }
    const step = this.verified.length >= MU ? this.choose(losses) : null;
    this.log("delivered", { offer, losses });
    if (step) this.decide(step);
  }

  verify(losses) {
    while (this.accepted.length + this.verified.length >= LAMBDA && this.verified.length < MU) {
      const chosen = this.accepted.reduce((a, b) => (b.claim < a.claim ? b : a));
      this.accepted = this.accepted.filter((offer) => offer !== chosen);
      if (this.evaluate([chosen.ticket], losses) === chosen.claim) this.verified.push(chosen);
      else this.banned.push(chosen.sender);
    }
  }

  choose(losses) {
    const floor = this.verified.reduce((a, b) => (b.claim < a.claim ? b : a));
    const blend = this.verified.map((offer) => offer.ticket);
    return MU > 1 && this.evaluate(blend, losses) < floor.claim ? blend : [floor.ticket];
  }

  decide(step) {
    this.model = offspring(this.model, step);
    this.log("decided", { generation: this.generation, model: this.model.digest.toString("hex") });
    Object.assign(this, { generation: this.generation + 1, accepted: [], verified: [] });
  }
}

// ------------------------------------- the broadcast: one list, which everybody takes in order

const correct = PROCESSES.slice(0, 3).map((name) => new Process(name));
for (let generation = 1; generation <= GENERATIONS; generation++) {
  const [ahead] = correct;
  const lie = {
    sender: "p4", parent: ahead.model.digest.toString("hex"),
    ticket: { generation, proposer: "p4", weights: [1, 0] }, claim: 0,
  };
  const order = [lie, ...correct.map((process) => process.offer())];
  correct.forEach((process) => order.forEach((offer) => process.deliver(offer)));
}

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
for (const { name, lines } of correct) writeFileSync(join(folder, `${name}.log`), lines.join("\n") + "\n");
