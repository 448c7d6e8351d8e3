import assert from 'node:assert/strict';
import { test } from 'node:test';

import { offered, remember } from '../src/instructions.ts';
import { changeOf, indents, isAt, moved } from '../src/oneEdit.ts';
import { namesChanged } from '../src/parameters.ts';
import { type ServerStatus, statusText } from '../src/statusText.ts';

test('the status item says the one thing that matters', () => {
  const idle: ServerStatus = { busy: false, kind: 'Normal', message: 'ready', reason: 'shown', tokensPerSecond: 81.5, percent: null };
  assert.equal(statusText('running', idle, false, '1.5b').text, '$(sparkle) Seed');
  assert.equal(statusText('running', idle, false, '1.5b').tooltip, 'Seed: ready · 81.5 tokens/s · 1.5b');
  assert.equal(statusText('running', { ...idle, busy: true }, false, '').text, '$(loading~spin) Seed');
  assert.equal(statusText('running', { ...idle, percent: 34 }, false, '').text, '$(cloud-download) Seed 34 %');
  assert.equal(statusText('running', idle, true, '').text, '$(debug-pause) Seed');
  assert.equal(statusText('running', { ...idle, kind: 'Error', message: 'no model' }, false, '').alarm, 'error');
  assert.match(statusText('running', { ...idle, kind: 'Inactive', message: 'may hold secrets' }, false, '').tooltip, /may hold secrets/);
  assert.equal(statusText('absent', undefined, false, '').alarm, 'warning');
  assert.equal(statusText('settingUp', undefined, false, '').alarm, 'none');
  assert.equal(statusText('stopped', undefined, false, '').alarm, 'error');
});

test('instructions are kept once each, newest first, twenty of them', () => {
  let history: string[] = [];
  for (let i = 0; i < 30; i += 1) {
    history = remember(history, `instruction ${i}`);
  }
  assert.equal(history.length, 20);
  assert.deepEqual(remember(['b', 'a'], 'a'), ['a', 'b']);
  assert.deepEqual(offered(['use early returns', 'add types'], ' EARLY '), ['EARLY', 'use early returns']);
  assert.deepEqual(offered(['a', 'b'], ''), ['a', 'b']);
});

test('a next edit is shown as what changes', () => {
  const range = { start: { line: 4, character: 0 }, end: { line: 5, character: 0 } };
  const change = changeOf({ range, newText: 'x = size("🙂", 4)\n' }, 'x = area("🙂", 4)\n');
  assert.deepEqual(change, {
    range: { start: { line: 4, character: 4 }, end: { line: 4, character: 8 } },
    removed: 'area',
    inserted: 'size',
  });
  const added = changeOf({ range, newText: 'f(a, b)\n' }, 'f(a)\n');
  assert.deepEqual([added.removed, added.inserted], ['', ', b']);
  const lines = changeOf({ range, newText: 'one\ntwo\n' }, 'one\n');
  assert.deepEqual([lines.range.start, lines.inserted], [{ line: 5, character: 0 }, 'two\n']);
  const emoji = changeOf({ range, newText: '😁\n' }, '😀\n');
  assert.deepEqual([emoji.removed, emoji.inserted], ['😀', '😁']);
});

test('Tab indents in white space, and goes to a change before it takes it', () => {
  assert.ok(indents('    x', 2));
  assert.ok(indents('', 0));
  assert.ok(!indents('    x', 5));
  const change = { range: { start: { line: 4, character: 4 }, end: { line: 5, character: 8 } }, removed: '', inserted: '' };
  assert.ok(isAt(change, { line: 5, character: 0 }));
  assert.ok(!isAt(change, { line: 6, character: 0 }));
  assert.deepEqual(moved({ line: 1, character: 2 }, 'ab'), { line: 1, character: 4 });
  assert.deepEqual(moved({ line: 1, character: 2 }, 'a\r\nbc'), { line: 2, character: 2 });
});

test('which parameters came and went', () => {
  const before = '(self, width: dict[str, int], *, unit="a, b", **more)';
  assert.deepEqual(namesChanged(before, '(self, size: dict[str, int], *, unit=(1, 2), **more)'), { added: ['size'], removed: ['width'] });
  assert.deepEqual(namesChanged('()', '(größe, *args)'), { added: ['größe', 'args'], removed: [] });
});
