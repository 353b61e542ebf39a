// Linear relations (docs/spec/encoding.md), and one of several (docs/spec/ballot.md, "Proof").

import { concat, need, writeLE } from "./bytes.ts";
import { type Element, type Equation, G, Q, elements, encodeScalar, mod, scalars, sum, times } from "./group.ts";
import { challenge } from "./transcript.ts";

/** An equation: pairs (element, coefficient) of the image, and triples (scalar, element, coefficient). */
export interface Line {
  image: [number, bigint][];
  terms: [number, number, bigint][];
}

export interface Shape {
  secrets: number;
  lines: Line[];
  header: Uint8Array;
}

export function shape(secrets: number, lines: Line[]): Shape {
  const out = [writeLE(lines.length, 4)];
  for (const { image, terms } of lines) {
    out.push(writeLE(image.length, 4));
    for (const [place, coefficient] of image) out.push(writeLE(place, 4), encodeScalar(coefficient));
    out.push(writeLE(terms.length, 4));
    for (const [secret, place, coefficient] of terms) {
      out.push(writeLE(secret, 4), writeLE(place, 4), encodeScalar(coefficient));
    }
  }
  return { secrets, lines, header: concat(...out) };
}

const multiples = new Map<bigint, Element>();

/** A multiple of the generator, of which there are few different ones. */
export function ofG(value: bigint): Element {
  let point = multiples.get(mod(value));
  if (point === undefined) multiples.set(mod(value), (point = times(value, G)));
  return point;
}

/** Refuses a statement in which the image of an equation is the identity. Element 0 is G. */
export function checkImages({ lines }: Shape, points: Element[]): void {
  for (const { image } of lines) {
    const parts = image.map(([place, coefficient]) =>
      place === 0 ? ofG(coefficient) : coefficient === 1n ? points[place] : times(coefficient, points[place]),
    );
    need(!sum(parts).is0(), "the image of an equation is the identity");
  }
}

/** What has to be the identity: the terms, less commitment and challenge times image. */
export function equations(of: Shape, points: Element[], T: Element[], c: bigint, z: bigint[]): Equation[] {
  return of.lines.map(({ image, terms }, at) => [
    ...terms.map(([secret, place, coefficient]): [bigint, Element] => [coefficient * z[secret], points[place]]),
    [-1n, T[at]],
    ...image.map(([place, coefficient]): [bigint, Element] => [-c * coefficient, points[place]]),
  ]);
}

/** A proof of one shape without clauses: commitments, then responses. `encoded` are the elements from 1 on. */
export function simple(of: Shape, points: Element[], encoded: Uint8Array, session: Uint8Array, proof: Uint8Array): Equation[] {
  const split = 32 * of.lines.length;
  need(proof.length === split + 32 * of.secrets, "the proof has another length");
  const T = elements(proof.subarray(0, split));
  const z = scalars(proof.subarray(split));
  checkImages(of, points);
  return equations(of, points, T, challenge(session, concat(of.header, encoded, proof.subarray(0, split))), z);
}

/** A clause: one of its branches holds over its elements, G among them as element 0. */
export interface Clause {
  branches: Shape[];
  points: Element[];
  encoded: Uint8Array;
}

export function clauseSize(branches: Shape[]): { commitments: number; scalars: number } {
  const count = (of: (branch: Shape) => number): number => branches.reduce((total, branch) => total + of(branch), 0);
  return {
    commitments: 32 * count((branch) => branch.lines.length),
    scalars: 32 * (branches.length - 1 + count((branch) => branch.secrets)),
  };
}

/** The equations of a proof over clauses. */
export function disjunction(clauses: Clause[], session: Uint8Array, proof: Uint8Array): Equation[] {
  const sizes = clauses.map((clause) => clauseSize(clause.branches));
  const split = sizes.reduce((total, size) => total + size.commitments, 0);
  need(proof.length === sizes.reduce((total, size) => total + size.scalars, split), "the proof has another length");
  const T = elements(proof.subarray(0, split));
  const values = scalars(proof.subarray(split));
  const statement = [writeLE(clauses.length, 4)];
  for (const { branches, encoded } of clauses) {
    statement.push(writeLE(branches.length, 4), ...branches.map((branch) => branch.header), encoded);
  }
  const c = challenge(session, concat(...statement, proof.subarray(0, split)));
  const out: Equation[] = [];
  let first = 0;
  let next = 0;
  for (const { branches, points } of clauses) {
    const parts = values.slice(next, (next += branches.length - 1));
    parts.push(mod(parts.reduce((rest, part) => rest - part, c)) % Q);
    branches.forEach((branch, at) => {
      checkImages(branch, points);
      const z = values.slice(next, (next += branch.secrets));
      out.push(...equations(branch, points, T.slice(first, (first += branch.lines.length)), parts[at], z));
    });
  }
  return out;
}
