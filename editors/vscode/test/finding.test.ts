import assert from 'node:assert/strict';
import * as path from 'node:path';
import { test } from 'node:test';

import { isWithin, locate, type Places } from '../src/locate.ts';
import { findPython } from '../src/python.ts';

const PLACES: Places = {
  explicit: '',
  environment: '/storage/server-1',
  path: ['/tools', '/usr/bin'],
  foreign: [],
  home: '/home/me',
  exists: () => true,
  windows: false,
};

test('the server is the one that the setting names, or none', () => {
  assert.deepEqual(locate({ ...PLACES, explicit: '~/bin/seed-lsp' }), { command: '/home/me/bin/seed-lsp', origin: 'setting' });
  const missing = locate({ ...PLACES, explicit: '/nowhere/seed-lsp', exists: (file) => !file.startsWith('/nowhere') });
  assert.ok('missing' in missing && missing.missing.includes('/nowhere/seed-lsp'));
});

test('then the one of the extension’s own environment, then the first on PATH', () => {
  assert.deepEqual(locate(PLACES), { command: '/storage/server-1/bin/seed-lsp', origin: 'own' });
  const without = { ...PLACES, environment: undefined };
  assert.deepEqual(locate(without), { command: path.join('/tools', 'seed-lsp'), origin: 'path' });
  const exists = (file: string) => file.startsWith('/usr');
  assert.deepEqual(locate({ ...without, exists }), { command: path.join('/usr/bin', 'seed-lsp'), origin: 'path' });
  assert.deepEqual(locate({ ...without, exists: () => false }), { missing: '' });
  const windows = path.join('/storage/server-1', 'Scripts', 'seed-lsp.exe');
  assert.deepEqual(locate({ ...PLACES, windows: true }), { command: windows, origin: 'own' });
});

test('a server in the workspace, or in a project’s active environment, is not taken though it is on PATH', () => {
  const places = { ...PLACES, environment: undefined, path: ['/work/.venv/bin', '', 'bin', '/conda/bin'], foreign: ['/work', '/conda'] };
  assert.deepEqual(locate(places), { missing: '' });
  assert.deepEqual(locate({ ...places, path: [...places.path, '/work2/bin'] }), { command: '/work2/bin/seed-lsp', origin: 'path' });
  assert.ok(isWithin('/work/..cache/bin', '/work') && isWithin('/work', '/work') && !isWithin('/', '/work'));
});

/** Answers as these programs would; others are not there. */
function machine(programs: Record<string, string>): (program: string) => Promise<string> {
  return (program) => (program in programs ? Promise.resolve(programs[program]!) : Promise.reject(new Error('ENOENT')));
}

test('the first Python that can make environments is taken', async () => {
  assert.equal(await findPython('', machine({ python3: '3.12\n', 'python3.11': '3.11\n' })), 'python3');
  assert.equal(await findPython('', machine({ python3: '3.9\n', 'python3.11': '3.11\r\n' })), 'python3.11');
  assert.equal(await findPython('', machine({ python3: '3.15\n', 'python3.13': '3.13\nno venv\n', 'python3.12': '3.12\n' })), 'python3.12');
  assert.equal(await findPython('/opt/python', machine({ python3: '3.12\n', '/opt/python': '3.10\n' })), '/opt/python');
});

test('without one it says what was found, and what to do', async () => {
  const programs = machine({ python3: '3.9\n', 'python3.11': '3.11\nno venv\n' });
  await assert.rejects(findPython('', programs), (error: Error) => {
    assert.match(error.message, /python3 is Python 3\.9; python3\.11 cannot make environments; .*python3-venv/);
    assert.match(error.message, /Python 3\.10 to 3\.14.*seed\.server\.python/);
    return true;
  });
  await assert.rejects(findPython('/opt/python', programs), /\/opt\/python does not run/);
  await assert.rejects(findPython('', machine({})), /none was found\. Install one/);
});
