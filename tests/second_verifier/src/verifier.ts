// One run over one log: every entry in order, then the checkpoint (docs/spec/index.md, "Order of verification").

import { equal, need, refuse } from "./bytes.ts";
import { ballotProofs, bodyWithin, checkCredential, checkOpenings, codeOf, decodeBallot } from "./ballots.ts";
import { Ceremony } from "./ceremony.ts";
import { Election } from "./election.ts";
import { type Element, Batch } from "./group.ts";
import { Tree } from "./merkle.ts";
import { type Attachments, Mixing } from "./mixing.ts";
import { openCheckpoint } from "./note.ts";
import { type Pins } from "./pins.ts";
import { type Ballot, type Entry, type Kind, type Records, checkEntry, parseBallot, parseEntry } from "./records.ts";
import { type Report, Findings } from "./report.ts";
import { Counting } from "./result.ts";
import { Ballots, Tally, rowsOf } from "./tally.ts";

const PHASES = ["setup", "issuance", "voting", "tally", "closed"] as const;
type Phase = (typeof PHASES)[number];

const PHASE_OF: Record<Exclude<Kind, "manifest" | "phase">, Phase> = {
  "ceremony-commitment": "setup",
  "ceremony-message": "setup",
  "ceremony-complaint": "setup",
  "ceremony-confirmation": "setup",
  issuance: "issuance",
  ballot: "voting",
  "challenged-ballot": "voting",
  seal: "tally",
  "decryption-share": "tally",
  "mix-round": "tally",
  "line-share": "tally",
  result: "tally",
};

export class Verifier {
  readonly findings = new Findings();
  readonly #attachments: Attachments;
  readonly #pins: Pins;
  readonly #proofs = new Batch();
  readonly #tree = new Tree();
  #pinnedRoot: Uint8Array | null = null;
  #phase: Phase = "setup";
  // What the manifest gives.
  #election: Election | null = null;
  #ceremony: Ceremony | null = null;
  #ballots: Ballots | null = null;
  // The register: of each registrar its requests; how many lines is more where one stands twice.
  readonly #requests = new Map<string, Set<string>>();
  readonly #lines = new Map<string, number>();
  // Ballots by their codes, and the ballot keys that have cast one.
  readonly #cast = new Set<string>();
  readonly #challenged = new Set<string>();
  readonly #voters = new Set<string>();
  #numBallots = 0;
  #numChallenges = 0;
  // From the end of voting on.
  #tally: Tally | null = null;
  #mixing: Mixing | null = null;
  #isSealed = false;
  #ended = false;

  constructor(attachments: Attachments, pins: Pins) {
    this.#attachments = attachments;
    this.#pins = pins;
  }

  // Entries.

  entry(raw: Uint8Array): void {
    const place = this.#tree.size;
    const item = `entry ${place}`;
    let entry: Entry | null = null;
    try {
      entry = parseEntry(raw);
      need((entry.kind === "manifest") === (place === 0), "it has no place here");
      this.#election?.checkSize(entry.kind, raw.length);
      this.findings.pass("L1");
    } catch (error) {
      this.findings.fail(place === 0 ? "M1" : "L1", item, error);
      entry = null;
    }
    // The phase that an entry opens, or the seal, is of the log with that entry.
    if (entry !== null && place > 0) this.#check(item, entry);
    this.#tree.append(raw);
    if (this.#pins.checkpoint?.size === BigInt(this.#tree.size)) this.#pinnedRoot = this.#tree.root();
    if (entry?.kind === "manifest") this.#begin(item, entry);
    if (entry?.kind === "phase" && entry.record.phase === "tally") this.#close();
  }

  #begin(item: string, entry: Extract<Entry, { kind: "manifest" }>): void {
    this.findings.pass("M1");
    this.#election = new Election(entry.record, entry.body);
    this.#ceremony = new Ceremony(this.#election);
    this.#ballots = new Ballots(this.#election);
    this.findings.run("M2", item, () => checkEntry(entry, entry.record.authority.signing_key));
  }

  #check(item: string, entry: Entry): void {
    if (entry.kind === "manifest") return;
    const election = this.#election;
    if (election === null) {
      this.findings.fail("L2", item, "there is no manifest");
      return;
    }
    const { findings } = this;
    findings.run("L2", item, () => need(equal(entry.record.election, election.id), "it is of another election"));
    findings.run("L3", item, () => this.#checkPhase(entry));
    findings.run("L4", item, () => checkEntry(entry, this.#signer(election, entry)));
    this.#checkOwn(item, election, entry);
  }

  #checkPhase(entry: Exclude<Entry, { kind: "manifest" }>): void {
    if (entry.kind === "phase") {
      need(PHASES.indexOf(entry.record.phase) === PHASES.indexOf(this.#phase) + 1, "the phase does not follow");
    } else {
      need(PHASE_OF[entry.kind] === this.#phase, `it is not taken in the phase ${this.#phase}`);
    }
  }

  #signer({ manifest }: Election, entry: Exclude<Entry, { kind: "manifest" }>): Uint8Array {
    const of = (parties: { id: string; signing_key: Uint8Array }[], id: string): Uint8Array =>
      (parties.find((party) => party.id === id) ?? refuse("there is no such party")).signing_key;
    switch (entry.kind) {
      case "phase":
      case "seal":
      case "result":
        return manifest.authority.signing_key;
      case "issuance":
        return of(manifest.registrars, entry.record.registrar);
      case "mix-round":
        return of(manifest.mixers, entry.record.mixer);
      case "ballot":
        return entry.record.credential.key;
      case "challenged-ballot":
        return this.#within(entry.record).credential.key;
      default:
        return of(manifest.trustees, entry.record.trustee);
    }
  }

  #checkOwn(item: string, election: Election, entry: Exclude<Entry, { kind: "manifest" }>): void {
    const { findings } = this;
    const ceremony = this.#ceremony!;
    switch (entry.kind) {
      case "phase":
        if (entry.record.phase === "issuance") findings.run("K4", item, () => ceremony.checkComplete());
        this.#phase = entry.record.phase;
        return;
      case "ceremony-commitment":
        findings.run("K1", item, () => ceremony.checkCommitment(entry.record));
        ceremony.takeCommitment(entry.record);
        return;
      case "ceremony-message":
        findings.run("K2", item, () => ceremony.checkMessage(entry.record));
        ceremony.takeMessage(entry.record);
        return;
      case "ceremony-confirmation":
        findings.run("K3", item, () => ceremony.checkConfirmation(entry.record));
        ceremony.takeConfirmation(entry.record);
        return;
      case "ceremony-complaint":
        findings.run("K5", item, () => ceremony.checkComplaint(entry.record));
        ceremony.takeComplaint(entry.record);
        return;
      case "issuance":
        findings.run("C1", item, () => this.#checkLine(election, entry.record));
        this.#takeLine(entry.record);
        return;
      case "ballot":
        this.#checkBallot(item, election, entry.record, entry.body);
        return;
      case "challenged-ballot":
        this.#checkChallenge(item, election, entry.record);
        return;
      case "seal":
        this.#isSealed = findings.run("L8", item, () => this.#checkSeal(entry.record)) || this.#isSealed;
        return;
      case "decryption-share":
        findings.run("T1", item, () => {
          const tally = this.#sealed(this.#tally);
          const D = tally.checkShare(entry.record, this.#verificationKey(election, entry.record.trustee));
          tally.shares.set(election.trusteeIndex(entry.record.trustee), D);
        });
        return;
      case "mix-round":
        this.#checkRound(item, election, entry.record, entry.body);
        return;
      case "line-share":
        this.#checkLineShare(item, election, entry.record);
        return;
      case "result":
        this.#checkResult(item, election, entry.record);
        this.#ended = true;
        this.#phase = "closed";
    }
  }

  // The register.

  #checkLine({ manifest }: Election, { registrar, serial, request }: Records["issuance"]): void {
    need(!this.#requests.get(registrar)?.has(request.join()), "the request was signed before");
    need(serial === (this.#lines.get(registrar) ?? 0) + 1, "it is not the registrar's next line");
    need(serial <= manifest.roll_size, "there are more credentials than voters");
  }

  #takeLine({ registrar, request }: Records["issuance"]): void {
    this.#requests.set(registrar, (this.#requests.get(registrar) ?? new Set()).add(request.join()));
    this.#lines.set(registrar, (this.#lines.get(registrar) ?? 0) + 1);
  }

  // Ballots.

  /** The election key. */
  get #key(): Element {
    return (this.#ceremony?.group ?? refuse("there is no election key")).key;
  }

  #checkBallot(item: string, election: Election, ballot: Ballot, body: Uint8Array): void {
    const { findings } = this;
    const voter = ballot.credential.key.join();
    const code = codeOf(body);
    this.#numBallots += 1;
    findings.run("C2", item, () => checkCredential(election, ballot.credential));
    findings.run("C3", item, () => {
      const fewer = election.manifest.registrars.every(({ id }) => this.#voters.size < (this.#lines.get(id) ?? 0));
      need(this.#voters.has(voter) || fewer, "more credentials vote than were issued");
    });
    let points: Element[][] | null = null;
    findings.run("B1", item, () => {
      if (this.#ceremony?.group == null) refuse("there is no election key");
      points = decodeBallot(election, ballot);
    });
    this.#checkProofs(item, election, ballot, () => points ?? refuse("the ciphertexts cannot be read"));
    findings.run("B3", item, () => {
      need(!this.#cast.has(code), "the ballot was cast before");
      need(!this.#challenged.has(code), "the ballot was challenged before");
    });
    this.#cast.add(code);
    this.#voters.add(voter);
    if (points !== null && this.#tally === null) this.#ballots!.take(voter, ballot.contests.map((contest) => contest.ciphertexts));
  }

  #checkProofs(item: string, election: Election, ballot: Ballot, points: () => Element[][]): void {
    try {
      for (const equations of ballotProofs(election, this.#key, ballot, points())) {
        this.#proofs.add(equations, (holds) => {
          this.findings.run("B2", item, () => need(holds, "a proof does not hold"));
        });
      }
    } catch (error) {
      this.findings.fail("B2", item, error);
    }
  }

  #within(challenged: Records["challenged-ballot"]): Ballot {
    const ballot = parseBallot(bodyWithin(challenged));
    need(equal(ballot.election, challenged.election), "the ballot within is of another election");
    return ballot;
  }

  #checkChallenge(item: string, election: Election, challenged: Records["challenged-ballot"]): void {
    const { findings } = this;
    const code = codeOf(bodyWithin(challenged));
    this.#numChallenges += 1;
    findings.run("C2", item, () => checkCredential(election, this.#within(challenged).credential));
    findings.run("H1", item, () => checkOpenings(election, this.#key, this.#within(challenged), challenged.openings));
    try {
      const ballot = this.#within(challenged);
      this.#checkProofs(item, election, ballot, () => decodeBallot(election, ballot));
    } catch (error) {
      findings.fail("B2", item, error);
    }
    findings.run("H2", item, () => {
      need(!this.#cast.has(code), "the ballot was cast");
      need(!this.#challenged.has(code), "the ballot was challenged before");
    });
    this.#challenged.add(code);
  }

  // The tally.

  #close(): void {
    if (this.#election === null || this.#tally !== null) return;
    const election = this.#election;
    const held = this.#ballots!.all();
    this.#tally = new Tally(election, this.#tree.root(), held);
    const group = this.#ceremony?.group ?? null;
    if (group === null) return;
    const inputs = election.batches.map(({ plan, first, width }) => rowsOf(held, election.plans.indexOf(plan), first, width));
    this.#mixing = new Mixing(election, group.key, this.#tally.root, held.length, inputs, this.#attachments);
  }

  #checkSeal({ basis }: Records["seal"]): void {
    need(!this.#isSealed, "the ballots were sealed before");
    need(this.#tally !== null && equal(basis, this.#tally.root), "it seals another log");
  }

  #sealed<T>(value: T | null): T {
    return value !== null && this.#isSealed ? value : refuse("the authority has not sealed the ballots");
  }

  #verificationKey(election: Election, trustee: string): Element {
    const index = election.trusteeIndex(trustee);
    need(index > 0, "there is no such trustee");
    return (this.#ceremony?.group ?? refuse("there is no election key")).verification[index - 1];
  }

  #checkRound(item: string, election: Election, round: Records["mix-round"], body: Uint8Array): void {
    const inOrder = this.findings.run("X1", item, () => this.#sealed(this.#mixing).checkRound(round));
    if (!inOrder) {
      this.findings.fail("X2", item, "the round is not in order");
      return;
    }
    election.batches.forEach((_, at) => this.findings.run("X2", item, () => this.#mixing!.checkShuffle(round, at)));
    this.#mixing!.takeRound(round, body);
  }

  #checkLineShare(item: string, election: Election, share: Records["line-share"]): void {
    const { findings } = this;
    try {
      this.#sealed(this.#mixing).checkShareOrder(share);
    } catch (error) {
      findings.fail("X3", item, error);
      return;
    }
    const held: Uint8Array[] = [];
    const verification = this.#verificationKey(election, share.trustee);
    election.batches.forEach((_, at) => {
      findings.run("X3", item, () => held.push(this.#mixing!.checkShare(share, at, verification)));
    });
    if (held.length === election.batches.length) this.#mixing!.shares.set(election.trusteeIndex(share.trustee), held);
  }

  #checkResult(item: string, election: Election, result: Records["result"]): void {
    const { findings } = this;
    const [tally, mixing] = this.#isSealed ? [this.#tally, this.#mixing] : [null, null];
    const counting = new Counting(election, tally, mixing, result);
    const items = counting.items(this.#tally?.collected ?? this.#ballots!.size);
    findings.run("T2", item, () => counting.checkQuorum());
    findings.run("T3", item, () => counting.checkCounts(), items.T3);
    findings.run("T4", item, () => counting.checkOutcomes(), items.T4);
    if (election.twice.length > 0) findings.run("T5", item, () => counting.checkBothWays(), items.T5);
  }

  // The end of the log.

  checkpoint(data: Uint8Array): void {
    const election = this.#election;
    if (election === null) return;
    const { findings } = this;
    const { board } = election.manifest;
    findings.run(
      "L5",
      "checkpoint",
      () => {
        const { size, root } = openCheckpoint(data, board.origin, board.key);
        need(size === BigInt(this.#tree.size), "the checkpoint is over another number of entries");
        need(equal(root, this.#tree.root()), "the entries have another root");
      },
      Math.max(1, this.#tree.size),
    );
    const pinned = this.#pins.checkpoint;
    if (pinned !== null) {
      const count = pinned.size < BigInt(this.#tree.size) ? Number(pinned.size) : this.#tree.size;
      findings.run("L6", "pinned checkpoint", () => this.#pins.checkCheckpoint(election.manifest, this.#pinnedRoot), count);
    }
    if (this.#pins.cosigners.length > 0) {
      try {
        findings.pass("L7", this.#pins.countCosignatures(election.manifest, data));
      } catch (error) {
        findings.fail("L7", "checkpoint", error);
      }
    }
  }

  report(): Report {
    const { findings } = this;
    this.#proofs.flush();
    if (this.#tree.size === 0) findings.fail("M1", "entry 0", "there are no entries");
    const announced = this.#pins.election;
    if (this.#election !== null && announced !== null) {
      findings.run("M3", "entry 0", () => need(equal(this.#election!.id, announced), "it is another election's record"));
    }
    return findings.report({
      election: this.#election,
      announced: announced !== null,
      pinned: this.#pins.checkpoint !== null,
      cosigners: this.#pins.cosigners.length > 0,
      phase: this.#phase,
      ended: this.#ended,
      ballots: this.#numBallots,
      challenges: this.#numChallenges,
      complaints: this.#ceremony?.complaints.size ?? 0,
    });
  }
}
