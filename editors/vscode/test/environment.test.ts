import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { type TestContext, test } from 'node:test';

import { Environments, type Run } from '../src/environment.ts';

const NEVER = new AbortController().signal;

/** A storage of its own, and a wheel of that content. */
function place(context: TestContext): { storage: string; wheel: (content: string) => string } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seed-environment-'));
  context.after(() => fs.rmSync(folder, { recursive: true }));
  return {
    storage: path.join(folder, 'storage'),
    wheel: (content) => {
      const file = path.join(folder, 'seed_lsp-0.1.0-py3-none-any.whl');
      fs.writeFileSync(file, content);
      return file;
    },
  };
}

/** Does to the disk what venv and pip do. `calls` gets the programs that ran. */
function installs(calls: string[]): Run {
  return (program, args) => {
    calls.push(path.basename(program));
    if (args.includes('venv')) {
      const bin = path.join(args.at(-1)!, 'bin');
      fs.mkdirSync(bin, { recursive: true });
      fs.writeFileSync(path.join(bin, 'python'), '');
    } else if (args.includes('pip')) {
      fs.writeFileSync(path.join(path.dirname(program), 'seed-lsp'), '');
    }
    return Promise.resolve();
  };
}

test('an environment is made once, from the wheel', async (context) => {
  const { storage, wheel } = place(context);
  const environments = new Environments(storage, wheel('one'), false);
  assert.equal(await environments.find(), undefined);
  const calls: string[] = [];
  const folder = await environments.make('python3', installs(calls), NEVER);
  assert.deepEqual(calls, ['python3', 'python', 'seed-lsp']);
  assert.deepEqual(await environments.find(), { folder, current: true });
  assert.equal(await environments.make('python3', installs(calls), NEVER), folder);
  assert.equal(calls.length, 3);
  assert.notEqual(await environments.make('python3', installs(calls), NEVER, true), folder);
});

test('a half-made environment is never taken for whole', async (context) => {
  const { storage, wheel } = place(context);
  const environments = new Environments(storage, wheel('one'), false);
  for (const broken of [0, 1, 2]) {
    let call = 0;
    const run: Run = (program, args) => (call++ === broken ? Promise.reject(new Error('no space')) : installs([])(program, args));
    await assert.rejects(environments.make('python3', run, NEVER), /no space/);
    assert.deepEqual(fs.readdirSync(storage), []);
  }
  // As a window leaves it that is closed meanwhile: nothing is cleaned up.
  const closed: Run = async (program, args) => {
    await installs([])(program, args);
    if (args.includes('pip')) {
      fs.cpSync(path.dirname(path.dirname(program)), path.join(storage, 'server-left'), { recursive: true });
    }
  };
  await assert.rejects(environments.make('python3', (program, args) => (args[0] === '--version' ? Promise.reject(new Error('closed')) : closed(program, args)), NEVER));
  assert.deepEqual(fs.readdirSync(storage), ['server-left']);
  assert.equal(await environments.find(), undefined);
  await environments.make('python3', installs([]), NEVER);
  assert.ok(!fs.existsSync(path.join(storage, 'server-left')));
});

test('where pip fails, what it needs is said with its own words', async (context) => {
  const { storage, wheel } = place(context);
  const run: Run = (_program, args) => (args.includes('pip') ? Promise.reject(new Error('No matching distribution found for torch')) : Promise.resolve());
  const made = new Environments(storage, wheel('one'), false).make('python3', run, NEVER);
  await assert.rejects(made, /package index.*No matching distribution found for torch/);
});

test('an environment whose Python is gone is none', async (context) => {
  const { storage, wheel } = place(context);
  const environments = new Environments(storage, wheel('one'), false);
  const folder = await environments.make('python3', installs([]), NEVER);
  const python = path.join(folder, 'bin', 'python');
  fs.rmSync(python);
  fs.symlinkSync(path.join(storage, 'gone'), python);
  assert.equal(await environments.find(), undefined);
});

test('a newer wheel gets an environment of its own; the old one serves until then, and goes', async (context) => {
  const { storage, wheel } = place(context);
  const old = await new Environments(storage, wheel('one'), false).make('python3', installs([]), NEVER);
  const newer = new Environments(storage, wheel('two'), false);
  assert.deepEqual(await newer.find(), { folder: old, current: false });
  await assert.rejects(newer.make('python3', () => Promise.reject(new Error('no network')), NEVER));
  assert.deepEqual(await newer.find(), { folder: old, current: false });
  const folder = await newer.make('python3', installs([]), NEVER);
  assert.deepEqual(await newer.find(), { folder, current: true });
  assert.deepEqual(fs.readdirSync(storage), [path.basename(folder)]);
});

test('of two windows one makes it, and the other waits for it and takes it', async (context) => {
  const { storage, wheel } = place(context);
  const file = wheel('one');
  const calls: string[] = [];
  const make = () => new Environments(storage, file, false).make('python3', installs(calls), NEVER);
  const [one, two] = await Promise.all([make(), make()]);
  assert.equal(one, two);
  assert.equal(calls.length, 3);
});

test('the lock of a window that is gone holds nobody up, and waiting can be called off', async (context) => {
  const { storage, wheel } = place(context);
  const environments = new Environments(storage, wheel('one'), false);
  fs.mkdirSync(storage);
  const lock = path.join(storage, 'making');
  fs.writeFileSync(lock, String(process.pid));
  const called = new AbortController();
  const waiting = environments.make('python3', installs([]), called.signal);
  called.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  assert.ok(fs.existsSync(lock));
  // No process has this id: it is above every system's largest.
  fs.writeFileSync(lock, '2147483647');
  await environments.make('python3', installs([]), NEVER);
  assert.ok(!fs.existsSync(lock));
});
