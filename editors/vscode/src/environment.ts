/** The server's own environment, made from the wheel that the extension carries. Nothing here knows the editor. */

import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { pythonIn, serverIn } from './locate.ts';

/** Runs a program to its end, and rejects if it fails. */
export type Run = (program: string, args: string[]) => Promise<void>;

export interface Environment {
  folder: string;
  /** It was made from the wheel of this version of the extension; an older one serves until there is a new one. */
  current: boolean;
}

/** This file is written last: a folder without it was not finished, and is never taken for an environment. */
const FINISHED = 'finished';
/** The window that makes an environment holds this file, which contains the id of the window's process. */
const LOCK = 'making';
const LOCK_MS = 3_600_000;
const POLL_MS = 1000;
/** A wheel is a zip file, which ends with the checksums of all its files, some 100 bytes for each. So its last bytes tell it from any other wheel. */
const DIRECTORY_BYTES = 131_072;

export class Environments {
  private readonly storage: string;
  private readonly wheel: string;
  private readonly windows: boolean;

  /** `storage` is a folder of the extension's own, and `wheel` the file that is installed. */
  constructor(storage: string, wheel: string, windows: boolean) {
    this.storage = storage;
    this.wheel = wheel;
    this.windows = windows;
  }

  /** Return the whole environment of this wheel, else one of an older wheel, else undefined. */
  async find(): Promise<Environment | undefined> {
    const ours = await this.prefix();
    const whole = (await this.folders()).filter((folder) => this.isWhole(folder));
    const current = whole.find((folder) => path.basename(folder).startsWith(ours));
    const folder = current ?? whole[0];
    return folder === undefined ? undefined : { folder, current: current !== undefined };
  }

  /**
   * Make the environment of this wheel, remove all others, and return its folder. One window at a time does it; a second one
   * waits, and takes what the first has made. With `anew` it is made even if there is one.
   */
  async make(python: string, run: Run, signal: AbortSignal, anew = false): Promise<string> {
    await fs.mkdir(this.storage, { recursive: true });
    await this.lock(signal);
    try {
      const there = await this.find();
      if (there?.current === true && !anew) {
        return there.folder;
      }
      // Each attempt has a folder of its own, so that what is left of another one cannot get in its way.
      const folder = path.join(this.storage, `${await this.prefix()}${randomBytes(3).toString('hex')}`);
      await this.install(folder, python, run);
      await this.removeAllBut(folder);
      return folder;
    } finally {
      await fs.rm(path.join(this.storage, LOCK), { force: true });
    }
  }

  private async install(folder: string, python: string, run: Run): Promise<void> {
    try {
      await run(python, ['-I', '-m', 'venv', folder]);
      const pip = ['-I', '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
      await run(pythonIn(folder, this.windows), [...pip, this.wheel]).catch((error: Error) => {
        throw new Error(`pip needs the Python package index, and some GB of disk; it said: ${error.message}`);
      });
      await run(serverIn(folder, this.windows), ['--version']);
      await fs.writeFile(path.join(folder, FINISHED), '');
    } catch (error) {
      await remove(folder);
      throw error;
    }
  }

  private async removeAllBut(kept: string): Promise<void> {
    for (const folder of await this.folders()) {
      if (folder !== kept) {
        // Windows keeps the files of a program that runs; they go the next time.
        await remove(folder).catch(() => undefined);
      }
    }
  }

  /** Wait until no other window makes an environment, and keep others from it. A lock whose window is gone counts for nothing. */
  private async lock(signal: AbortSignal): Promise<void> {
    const file = path.join(this.storage, LOCK);
    for (;;) {
      signal.throwIfAborted();
      try {
        await fs.writeFile(file, String(process.pid), { flag: 'wx' });
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
          throw error;
        }
      }
      if (await isStale(file)) {
        await fs.rm(file, { force: true });
      } else {
        await delay(POLL_MS, undefined, { signal });
      }
    }
  }

  private isWhole(folder: string): boolean {
    // The interpreter is a link, which leads nowhere once the Python that it was made from is gone.
    const parts = [path.join(folder, FINISHED), pythonIn(folder, this.windows), serverIn(folder, this.windows)];
    return parts.every((part) => existsSync(part));
  }

  private async folders(): Promise<string[]> {
    const names = await fs.readdir(this.storage).catch(() => []);
    return names.filter((name) => /^server(-|$)/.test(name)).map((name) => path.join(this.storage, name));
  }

  /** Return what the names of this wheel's environments begin with. */
  private async prefix(): Promise<string> {
    const file = await fs.open(this.wheel);
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - DIRECTORY_BYTES);
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - start), position: start });
      const digest = createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex');
      return `server-${digest.slice(0, 8)}-`;
    } finally {
      await file.close();
    }
  }
}

async function isStale(lock: string): Promise<boolean> {
  try {
    const [{ mtimeMs }, owner] = await Promise.all([fs.stat(lock), fs.readFile(lock, 'utf8')]);
    return Date.now() - mtimeMs > LOCK_MS || (owner !== '' && !isAlive(Number(owner)));
  } catch {
    // It has just been released, and may be another window's in a moment.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A program that was ended a moment ago may still write there. */
function remove(folder: string): Promise<void> {
  return fs.rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
