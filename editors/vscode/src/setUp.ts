/** Makes the server's own environment, shows how far it is, and says what is in the way. */

import { execFile, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';

import { type Environment, Environments, type Run } from './environment.ts';
import { findPython } from './python.ts';

/** This key of the global state is set once the user has called the set-up off, or does not want to hear of it. */
const QUIET = 'doNotOfferServer';
const BY_HAND = 'install it as a tool of its own (uv tool install, or pipx install, with seed-lsp) and restart it';

export class OwnEnvironment implements vscode.Disposable {
  private readonly environments: Environments | undefined;
  private readonly ended = new AbortController();
  private making: Promise<boolean> | undefined;
  private tried = false;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const wheel = carriedWheel(context.extensionPath);
    const storage = context.globalStorageUri.fsPath;
    this.environments = wheel === undefined ? undefined : new Environments(storage, wheel, process.platform === 'win32');
  }

  async find(): Promise<Environment | undefined> {
    return this.environments?.find();
  }

  /** Make it, one at a time, and return whether there is one then. Unasked, it is tried once in a window, and not after the user has called it off. */
  make(how: 'unasked' | 'asked'): Promise<boolean> {
    if (this.making === undefined) {
      if (how === 'unasked' && (this.tried || this.context.globalState.get(QUIET, false))) {
        return Promise.resolve(false);
      }
      this.tried = true;
      this.making = this.makeNow(how).finally(() => (this.making = undefined));
    }
    return this.making;
  }

  private async makeNow(how: 'unasked' | 'asked'): Promise<boolean> {
    const { environments } = this;
    if (environments === undefined) {
      void this.tellByHand();
      return false;
    }
    await this.context.globalState.update(QUIET, undefined);
    let cancelled = false;
    try {
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: 'Seed: setting up the server, once', cancellable: true },
        async (progress, token) => {
          const called = new AbortController();
          token.onCancellationRequested(() => {
            cancelled = true;
            called.abort();
          });
          const signal = AbortSignal.any([called.signal, this.ended.signal]);
          progress.report({ message: 'looking for Python' });
          const python = await findPython(vscode.workspace.getConfiguration('seed').get('server.python', ''), ask);
          const folder = await environments.make(python, this.runner(progress, signal), signal, how === 'asked');
          this.log.info(`the server's environment is ${folder}`);
        },
      );
      return true;
    } catch (error) {
      if (cancelled) {
        await this.context.globalState.update(QUIET, true);
      } else if (!this.ended.signal.aborted) {
        void this.tellFailure((error as Error).message);
      }
      return false;
    }
  }

  private async tellFailure(reason: string): Promise<void> {
    this.log.error(`the server could not be set up: ${reason}`);
    const [again, log] = ['Try again', 'Show the log'];
    const choice = await vscode.window.showErrorMessage(`Seed: the server could not be set up: ${reason}`, again, log);
    if (choice === again) {
      await vscode.commands.executeCommand('seed.installServer');
    } else if (choice === log) {
      this.log.show();
    }
  }

  private async tellByHand(): Promise<void> {
    const [where, quiet] = ['Say where it is', 'Don’t tell again'];
    const text = `Seed: this package of the extension has no server for ${process.platform}-${process.arch}; ${BY_HAND}`;
    const choice = await vscode.window.showWarningMessage(text, where, quiet);
    if (choice === where) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'seed.server.path');
    } else if (choice === quiet) {
      await this.context.globalState.update(QUIET, true);
    }
  }

  /** Return what runs a program and sends each line that it prints to the log and to the progress. */
  private runner(progress: vscode.Progress<{ message?: string }>, signal: AbortSignal): Run {
    return (program, args) =>
      new Promise((resolve, reject) => {
        const child = spawn(program, args, { cwd: os.homedir(), stdio: ['ignore', 'pipe', 'pipe'], signal });
        let last = '';
        const read = (data: Buffer): void => {
          for (const line of data.toString().split('\n').filter((entry) => entry.trim() !== '')) {
            const text = line.trim();
            // What pip prints after its error is advice.
            last = last.startsWith('ERROR') && !text.startsWith('ERROR') ? last : text;
            this.log.info(text);
            progress.report({ message: text.length > 80 ? `${text.slice(0, 79)}…` : text });
          }
        };
        child.stdout.on('data', read);
        child.stderr.on('data', read);
        child.on('error', reject);
        child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(last || `${program} ended with ${code}`))));
      });
  }

  dispose(): void {
    this.ended.abort();
  }
}

/** Return the path of the wheel that the extension carries; undefined where it was packaged for a platform without one. */
function carriedWheel(extension: string): string | undefined {
  const folder = path.join(extension, 'server');
  const name = fs.existsSync(folder) ? fs.readdirSync(folder).find((entry) => entry.endsWith('.whl')) : undefined;
  return name && path.join(folder, name);
}

function ask(program: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: os.homedir(), timeout: 10_000 }, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
}
