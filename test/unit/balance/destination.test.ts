import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseDestination } from '../../../src/balance/destination.ts';
import type { Slots } from '../../../src/balance/slots.ts';

const NOW = 10_000;
const OWN = 1;

/** Slots of which slot 2 is dead. */
const slots: Slots = {
  slots: 5,
  beats: [NOW, NOW, NOW - 5000, NOW, NOW],
  open: [9, 0, 0, 4, 3],
  coming: [0, 0, 0, 0, 2],
};
const all = (): boolean => true;

const cases: Array<
  [
    name: string,
    leaver: { hasSuccessor: boolean; isSticky: boolean },
    open: (slot: number) => boolean,
    to: number | undefined,
  ]
> = [
  ['to the successor, whatever others have', { hasSuccessor: true, isSticky: false }, all, OWN],
  ['to the successor, sticky', { hasSuccessor: true, isSticky: true }, all, OWN],
  [
    'a slot that is no more: to the fewest, those on their way counted, and not to itself',
    { hasSuccessor: false, isSticky: false },
    all,
    3,
  ],
  ['a successor that takes none: to the fewest', { hasSuccessor: true, isSticky: false }, (slot) => slot !== OWN, 3],
  ['nor to one that takes none', { hasSuccessor: false, isSticky: false }, (slot) => slot !== 3, 4],
  ['sticky, and the slot is no more: nowhere', { hasSuccessor: false, isSticky: true }, all, undefined],
  [
    'sticky, and the successor takes none: nowhere',
    { hasSuccessor: true, isSticky: true },
    (slot) => slot !== OWN,
    undefined,
  ],
  ['nobody takes any: nowhere', { hasSuccessor: false, isSticky: false }, () => false, undefined],
];

for (const [name, leaver, isOpen, to] of cases) {
  test(name, () => {
    assert.equal(chooseDestination({ own: OWN, ...leaver }, slots, NOW, isOpen), to);
  });
}
