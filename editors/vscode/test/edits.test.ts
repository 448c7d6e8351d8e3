import assert from 'node:assert/strict';
import { test } from 'node:test';

import { applyToLines, hunksOf, splitLines, type TextEdit, without } from '../src/edits.ts';
import { rowsOfDraft, rowsOfHunks, runsOf, textOf } from '../src/rows.ts';

const LINES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];

function edit(startLine: number, startCharacter: number, endLine: number, endCharacter: number, newText: string): TextEdit {
  return { range: { start: { line: startLine, character: startCharacter }, end: { line: endLine, character: endCharacter } }, newText };
}

test('lines end with any of the three line ends and no other', () => {
  assert.deepEqual(splitLines('a\r\nb\nc\rd\fe\u2028f'), ['a', 'b', 'c', 'd\fe\u2028f']);
});

test('edits are made from the end on, several on one line too', () => {
  assert.deepEqual(applyToLines(['abc', 'def'], [edit(0, 0, 0, 1, 'X'), edit(0, 2, 1, 1, '-')]), ['Xb-ef']);
  assert.deepEqual(applyToLines(['abc'], [edit(0, 1, 0, 1, '\n')]), ['a', 'bc']);
});

test('edits on touching lines are one hunk, cut to what differs', () => {
  const hunks = hunksOf(LINES, [edit(9, 0, 9, 1, 'J'), edit(1, 0, 1, 1, 'B'), edit(2, 0, 2, 1, 'c\nC2')]);
  assert.deepEqual(
    hunks.map((hunk) => [hunk.first, hunk.last, hunk.oldLines, hunk.newLines]),
    [
      [1, 3, ['b', 'c'], ['B', 'c', 'C2']],
      [9, 10, ['j'], ['J']],
    ],
  );
});

test('whole lines put in or taken out are hunks without the lines around', () => {
  const [inserted] = hunksOf(LINES, [edit(2, 0, 2, 0, 'new\n')]);
  assert.deepEqual([inserted?.first, inserted?.last, inserted?.oldLines, inserted?.newLines], [2, 2, [], ['new']]);
  const [removed] = hunksOf(LINES, [edit(2, 0, 3, 0, '')]);
  assert.deepEqual([removed?.first, removed?.last, removed?.oldLines, removed?.newLines], [2, 3, ['c'], []]);
});

test('whichever hunks are taken, in whichever order, the text is as if they had been taken at once', () => {
  const edits = [edit(1, 0, 1, 1, 'B\nB2'), edit(4, 0, 5, 0, ''), edit(9, 0, 9, 1, 'J')];
  const all = hunksOf(LINES, edits);
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2], [1]]) {
    let lines = [...LINES];
    let left = all;
    let names = [0, 1, 2];
    for (const name of order) {
      const hunk = left[names.indexOf(name)];
      assert.ok(hunk);
      lines = applyToLines(lines, hunk.edits);
      left = without(left, hunk);
      names = names.filter((other) => other !== name);
    }
    const chosen = all.filter((_, i) => order.includes(i)).flatMap((hunk) => hunk.edits);
    assert.deepEqual(lines, applyToLines(LINES, chosen));
  }
});

test('a preview has three lines around each hunk, and a gap between those far apart', () => {
  const rows = rowsOfHunks(LINES, hunksOf(LINES, [edit(0, 0, 0, 1, 'A'), edit(9, 0, 9, 1, 'J')]));
  assert.equal(textOf(rows), ['a', 'A', 'b', 'c', 'd', '', 'g', 'h', 'i', 'j', 'J', 'k', 'l'].join('\n'));
  assert.deepEqual(runsOf(rows, 'old'), [[0, 0], [9, 9]]);
  assert.deepEqual(runsOf(rows, 'new'), [[1, 1], [10, 10]]);
  assert.deepEqual(rows.flatMap((row, i) => (row.hunk === undefined ? [] : [[i, row.hunk]])), [[0, 0], [9, 1]]);
});

test('hunks near one another share what lies between, each line once', () => {
  const rows = rowsOfHunks(LINES, hunksOf(LINES, [edit(2, 0, 2, 1, 'C'), edit(5, 0, 5, 1, 'F')]));
  assert.equal(textOf(rows), ['a', 'b', 'c', 'C', 'd', 'e', 'f', 'F', 'g', 'h', 'i'].join('\n'));
});

test('a draft shows what is certain, what may change, and the old code that waits', () => {
  const rows = rowsOfDraft(LINES, 4, 8, 'E\nF', '░░');
  assert.deepEqual(
    rows.map((row) => `${row.kind} ${row.text}`),
    ['same b', 'same c', 'same d', 'new E', 'draft F░░', 'pending g', 'pending h', 'same i', 'same j', 'same k'],
  );
});
