// Ballots, cast and challenged: form, proofs, openings (docs/spec/ballot.md).

import { concat, equal, hex, need, pieces, utf8 } from "./bytes.ts";
import { totals } from "./capacity.ts";
import { type Plan, Election, clauses } from "./election.ts";
import { type Element, type Equation, G, elements, encode, scalar, times } from "./group.ts";
import { frame, label, tagged } from "./hashing.ts";
import { isLines } from "./manifest.ts";
import { checkMark, embed } from "./marks.ts";
import { type Ballot, type Records } from "./records.ts";
import { checkPss, issuingKey } from "./rsa.ts";
import { disjunction, ofG } from "./sigma.ts";
import { session } from "./transcript.ts";

/** The confirmation code of a ballot's body, in hexadecimal. */
export function codeOf(body: Uint8Array): string {
  return hex(tagged("confirmation-code", body).subarray(0, 20));
}

export function checkCredential({ id, manifest }: Election, { key, signatures }: Ballot["credential"]): void {
  need(signatures.length === manifest.registrars.length, "there are not as many signatures as registrars");
  const message = frame(label("credential"), id, key);
  signatures.forEach((signature, at) => {
    const issuing = issuingKey(manifest.registrars[at].key);
    need(signature.length === 32 + issuing.bits / 8, "a signature of a credential has another length");
    checkPss(issuing, concat(signature.subarray(0, 32), message), signature.subarray(32));
  });
}

/** The elements of the ciphertexts, contest by contest. */
export function decodeBallot({ plans }: Election, ballot: Ballot): Element[][] {
  need(ballot.contests.length === plans.length, "the contests are not the manifest's");
  return plans.map((plan, at) => {
    const { id, ciphertexts } = ballot.contests[at];
    need(id === plan.contest.id, "the contests are not the manifest's, in order");
    need(ciphertexts.length === 64 * plan.size, "the ciphertexts have another length");
    return elements(ciphertexts);
  });
}

/** The equations of the proof of each contest. */
export function ballotProofs(election: Election, key: Element, ballot: Ballot, points: Element[][]): Equation[][] {
  const encoded = encode(key);
  return election.plans.map((plan, at) => {
    const { id, ciphertexts, proof } = ballot.contests[at];
    const bound = isLines(plan.contest) ? [] : [ciphertexts];
    const context = session("ballot-proof", election.id, encoded, id, ballot.credential.key, ...bound);
    return disjunction(clauses(plan, key, encoded, points[at], ciphertexts), context, proof);
  });
}

type Opening = Records["challenged-ballot"]["openings"][number];

/** The elements P that the ciphertexts of the choices are to hold. */
function opened(plan: Plan, choices: number[]): Element[] {
  const { contest } = plan;
  if (!isLines(contest)) {
    need(choices.every((byte) => byte < 256), "a choice is no byte");
    const mark = Uint8Array.from(choices);
    checkMark(contest, mark);
    return embed(mark, plan.width);
  }
  need(choices.length === plan.lines.length, "there are not as many choices as lines");
  need(choices.every((choice) => choice < plan.weights.length), "a choice is none of the line's");
  if (contest.kind === "approval") {
    need(totals(contest).includes(choices.reduce((total, choice) => total + choice, 0)), "too many or too few are approved");
  }
  return choices.flatMap((choice) => plan.weights[choice].map(ofG));
}

function checkOpening(plan: Plan, key: Element, ciphertexts: Uint8Array, { choices, randomness }: Opening): void {
  const held = opened(plan, choices);
  need(randomness.length === 32 * plan.size, "the randomness has another length");
  const values = pieces(randomness, 32).map(scalar);
  need(values.every((value) => value > 0n), "a randomness is 0");
  pieces(ciphertexts, 64).forEach((ciphertext, at) => {
    const again = concat(encode(times(values[at], G)), encode(held[at].add(times(values[at], key))));
    need(equal(again, ciphertext), "the opening gives other ciphertexts");
  });
}

export function checkOpenings(election: Election, key: Element, ballot: Ballot, openings: Opening[]): void {
  decodeBallot(election, ballot);
  need(openings.length === election.plans.length, "the openings are not the manifest's contests");
  election.plans.forEach((plan, at) => {
    need(openings[at].id === plan.contest.id, "the openings are not the manifest's contests, in order");
    checkOpening(plan, key, ballot.contests[at].ciphertexts, openings[at]);
  });
}

export const bodyWithin = (challenged: Records["challenged-ballot"]): Uint8Array => utf8(challenged.ballot);
