// Proofs of shuffles, and of the decryption of many lines at once (docs/spec/shuffle.md; docs/spec/mixing.md, "Shares").

import { concat, need, pieces, readLE, writeBE, writeLE } from "./bytes.ts";
import { type Element, type Equation, G, Q, element, elements, encode, generator, mod, scalar, scalars } from "./group.ts";
import { challenge, challenges, squeeze } from "./transcript.ts";

const DST = "secretballot/1/shuffle-generator/sigma-proofs_Shake128_ristretto255";
const generators: Element[] = [];

/** h_0 to h_count. */
export function firstGenerators(count: number): Element[] {
  while (generators.length <= count) generators.push(generator(writeBE(generators.length, 8), DST));
  return generators.slice(0, count + 1);
}

export const shuffleSize = (rows: number, width: number): number => 32 * (5 * rows + 6 + 3 * width);

/** Takes from the front of a byte string. */
class Reader {
  #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  take(count: number): Uint8Array {
    return this.#data.subarray(this.#at, (this.#at += 32 * count));
  }
}

/** The equations of a shuffle's proof; refuses what is no proof. Rows are of `width` ciphertexts each. */
export function shuffle(
  session: Uint8Array,
  key: Element,
  width: number,
  inputs: Uint8Array,
  outputs: Uint8Array,
  proof: Uint8Array,
): Equation[] {
  const N = inputs.length / (64 * width);
  need(Number.isInteger(N) && N >= 1 && inputs.length === outputs.length, "there are other rows");
  need(proof.length === shuffleSize(N, width), "the proof has another length");
  const before = elements(inputs);
  const after = elements(outputs);
  const reader = new Reader(proof);
  const [cBytes, chainBytes, hatBytes, tBytes] = [N, N, N, 3 + 2 * width].map((count) => reader.take(count));
  const [c, chain, tHat, t] = [cBytes, chainBytes, hatBytes, tBytes].map(elements);
  const [s, s4, sHat, sPrime] = [3, width, N, N].map((count) => scalars(reader.take(count)));
  const statement = concat(writeLE(N, 8), writeLE(width, 4), encode(key), inputs, outputs, cBytes);
  const u = challenges(session, statement, N);
  const x = challenge(session, concat(statement, chainBytes, hatBytes, tBytes));
  const h = firstGenerators(N);
  const rows = Array.from({ length: N }, (_, at) => at);
  const product = u.reduce((total, value) => (total * value) % Q, 1n);
  const times = (factor: bigint, points: Element[], values?: bigint[]): [bigint, Element][] =>
    points.map((point, at) => [values === undefined ? factor : mod(factor * values[at]), point]);
  const out: Equation[] = [
    [[-1n, t[0]], [s[0], G], ...times(-x, c), ...times(x, h.slice(1))],
    [[-1n, t[1]], [s[1], G], [-x, chain[N - 1]], [mod(x * product), h[0]]],
    [[-1n, t[2]], [s[2], G], ...times(1n, h.slice(1), sPrime), ...times(-x, c, u)],
  ];
  for (let column = 0; column < 2 * width; column++) {
    const of = (points: Element[]): Element[] => rows.map((row) => points[2 * width * row + column]);
    const [j, base] = [column >> 1, column % 2 === 0 ? G : key];
    out.push([[-1n, t[3 + column]], [-s4[j], base], ...times(1n, of(after), sPrime), ...times(-x, of(before), u)]);
  }
  for (const i of rows) {
    const previous = i === 0 ? h[0] : chain[i - 1];
    out.push([[-1n, tHat[i]], [sHat[i], G], [sPrime[i], previous], [-x, chain[i]]]);
  }
  return out;
}

/** The equations of one proof that D is x times A for every pad A, where `key` is x G. */
export function equality(session: Uint8Array, key: Element, pads: Uint8Array, shares: Uint8Array, proof: Uint8Array): Equation[] {
  need(pads.length === shares.length && proof.length === 96, "the share or its proof has another length");
  const A = elements(pads);
  const D = elements(shares);
  const [T, TStar] = [element(proof.subarray(0, 32)), element(proof.subarray(32, 64))];
  const z = scalar(proof.subarray(64));
  const statement = concat(writeLE(A.length, 8), encode(key), pads, shares);
  const v = pieces(squeeze(session, statement, 16 * A.length), 16).map(readLE);
  const c = challenge(session, concat(statement, proof.subarray(0, 64)));
  return [
    [[z, G], [-1n, T], [-c, key]],
    [
      ...A.map((point, at): [bigint, Element] => [z * v[at], point]),
      [-1n, TStar],
      ...D.map((point, at): [bigint, Element] => [-c * v[at], point]),
    ],
  ];
}
