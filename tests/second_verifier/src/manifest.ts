// The manifest: its members, and every constraint on them (docs/spec/manifest.md).

import { need, toBase64url } from "./bytes.ts";
import { checkSizes } from "./capacity.ts";
import { element } from "./group.ts";
import { label } from "./hashing.ts";
import { type Read, type Type, blob, boolean, digest, id, integer, labels, list, object, one, origin, ratio, tagged } from "./json.ts";
import { issuingKey } from "./rsa.ts";

const named = { id, labels };
const option = object(named);
const outcomeRule = object({
  ...named,
  count_of: id,
  relation: one(">", ">=", "<", "<="),
  threshold: ratio,
  base: one("collected", "roll"),
});

const lines = {
  ...named,
  options: list(option, 1, 1000),
  base: one("collected", "roll"),
  rules: list(outcomeRule),
  tally: one("homomorphic", "mixnet", "both"),
};

const rating = object({ ...lines, kind: one("rating"), levels: list(option, 2, 8), allow_blank: boolean });
const choice = object({ ...lines, kind: one("choice"), allow_blank: boolean });
const approval = object({ ...lines, kind: one("approval"), minimum: integer(0), maximum: integer(1), allow_blank: boolean });
const ranking = object({
  ...named,
  options: list(option, 2, 250),
  kind: one("ranking"),
  minimum: integer(1),
  maximum: integer(1),
  allow_blank: boolean,
  methods: list(one("borda", "irv", "stv", "schulze"), 1),
  seats: integer(1),
});
const writeIn = object({ ...named, kind: one("write_in"), max_bytes: integer(1, 250), allow_blank: boolean });

const members = object({
  record: one(label("manifest")),
  labels,
  nonce: blob(16),
  roll_size: integer(1),
  capacity: integer(1, 2 ** 34 - 1),
  minimum_group: integer(1),
  revoting: one("first", "last"),
  contests: list(tagged("kind", { rating, choice, approval, ranking, write_in: writeIn }), 1),
  quorum: integer(1),
  trustees: list(object({ ...named, key: digest, signing_key: digest }), 1, 255),
  registrars: list(object({ ...named, key: blob(), signing_key: digest }), 1, 255),
  mixers: list(object({ ...named, signing_key: digest }), 0, 255),
  mixing_rounds: integer(0),
  authority: object({ ...named, signing_key: digest }),
  board: object({ origin, key: digest }),
});

export type Manifest = Read<typeof members>;
export type Contest = Manifest["contests"][number];
export type LineContest = Extract<Contest, { tally: string }>;
export type MarkContest = Exclude<Contest, { tally: string }>;
export type OutcomeRule = Read<typeof outcomeRule>;

export const isLines = (contest: Contest): contest is LineContest => "tally" in contest;
export const isSummed = (contest: Contest): contest is LineContest => isLines(contest) && contest.tally !== "mixnet";
export const isMixed = (contest: Contest): boolean => !isLines(contest) || contest.tally !== "homomorphic";

/** The lines of a contest by their ids, and its count names; a contest of marks is its only line. */
export function lineIds(contest: Contest): string[] {
  return contest.kind === "rating" || contest.kind === "approval" ? contest.options.map((each) => each.id) : [contest.id];
}

export function countNames(contest: LineContest): string[] {
  if (contest.kind === "approval") return ["votes"];
  return (contest.kind === "rating" ? contest.levels : contest.options).map((each) => each.id);
}

/** The choices of a line, blank as null. */
export function choices(contest: LineContest): (string | null)[] {
  return contest.kind === "approval" || contest.allow_blank ? [null, ...countNames(contest)] : countNames(contest);
}

function unique(values: { id: string }[], what: string): void {
  need(new Set(values.map((value) => value.id)).size === values.length, `two ${what} have one id`);
}

function differ(keys: Uint8Array[], what: string): void {
  need(new Set(keys.map(toBase64url)).size === keys.length, `two ${what} are the same`);
}

function checkContest(contest: Contest): void {
  if (contest.kind === "write_in") return;
  unique(contest.options, "options");
  if (contest.kind === "ranking") {
    need(contest.minimum <= contest.maximum && contest.maximum <= contest.options.length, "minimum or maximum is wrong");
    need(new Set(contest.methods).size === contest.methods.length, "a method stands twice");
    need(contest.seats < contest.options.length, "there are as many seats as options");
    need(contest.seats === 1 || contest.methods.includes("stv"), "several seats are for stv");
    return;
  }
  unique(contest.rules, "rules");
  if (contest.kind === "rating") unique(contest.levels, "levels");
  if (contest.kind === "choice") need(contest.allow_blank || contest.options.length > 1, "there is nothing to choose");
  if (contest.kind === "approval") {
    need(contest.minimum <= contest.maximum && contest.maximum <= contest.options.length, "minimum or maximum is wrong");
  }
  const names = countNames(contest);
  need(contest.rules.every((rule) => names.includes(rule.count_of)), "a rule is of no count");
}

function checkMixing({ contests, capacity, mixers, mixing_rounds: rounds }: Manifest): void {
  if (contests.some(isMixed)) {
    need(rounds >= 2 && rounds <= mixers.length, "mixing_rounds is not from 2 to the number of mixers");
    need(capacity <= 1_048_576, "the capacity is above what can be mixed");
  } else {
    need(rounds === 0 && mixers.length === 0, "there are mixers, and nothing is mixed");
  }
}

function checkKeys({ trustees, registrars, mixers, authority, board }: Manifest): void {
  const others = mixers.filter(
    (mixer) => !trustees.some((trustee) => trustee.id === mixer.id && Buffer.compare(trustee.signing_key, mixer.signing_key) === 0),
  );
  const signing = [...trustees, ...others, ...registrars, authority].map((party) => party.signing_key);
  differ([...signing, board.key], "signing keys");
  differ(trustees.map((trustee) => trustee.key), "trustees' keys");
  differ(registrars.map((registrar) => registrar.key), "issuing keys");
  for (const trustee of trustees) element(trustee.key);
}

export const manifest: Type<Manifest> = (value) => {
  const read = members(value);
  unique(read.contests, "contests");
  unique(read.trustees, "trustees");
  unique(read.registrars, "registrars");
  unique(read.mixers, "mixers");
  need(read.quorum <= read.trustees.length, "the quorum is above the number of trustees");
  need(read.capacity >= read.roll_size, "the capacity is below the roll");
  need(read.minimum_group <= read.roll_size, "the minimum group is above the roll");
  read.contests.forEach(checkContest);
  checkMixing(read);
  checkKeys(read);
  checkSizes(read, read.registrars.map((registrar) => issuingKey(registrar.key).bits / 8));
  return read;
};
