import assert from 'node:assert/strict';
import { test } from 'node:test';

import { asked, isPreviewed } from '../src/actions.ts';

test('what the model writes is looked at first, and what is computed is applied at once', () => {
  assert.ok(isPreviewed('refactor.rewrite', true));
  assert.ok(isPreviewed('quickfix', true));
  assert.ok(!isPreviewed('refactor.rewrite', undefined));
  assert.ok(!isPreviewed('quickfix', false));
  assert.ok(isPreviewed(undefined, true));
});

test('an extraction is applied at once, even if the model gives the name', () => {
  assert.ok(!isPreviewed('refactor.extract', true));
  assert.ok(!isPreviewed('refactor.extract.function', true));
  assert.ok(!isPreviewed('refactor.inline.variable', true));
  assert.ok(isPreviewed('refactor.extracted', true));
});

test('a preview asks for the entry that was chosen, with its argument and its reports', () => {
  const range = { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } };
  const data = { uri: 'file:///a.py', range, version: 3, name: 'fix', argument: 'E722', diagnostics: [{ range, message: 'bare except' }] };
  assert.deepEqual(asked(data), { name: 'fix', argument: 'E722', diagnostics: data.diagnostics });
  assert.deepEqual(asked({ uri: 'file:///a.py', range, version: 3, name: 'simplify' }), { name: 'simplify' });
});
