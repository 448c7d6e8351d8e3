/** The server's process: found, set up where there is none and the user wants one, started, restarted, and what it says about itself. */

import * as fs from 'node:fs';
import * as os from 'node:os';
import { execFile, spawn } from 'node:child_process';
import * as vscode from 'vscode';
import { LanguageClient, type LanguageClientOptions, type Middleware, State } from 'vscode-languageclient/node';

import { type Found, locate, pythonIn, serverIn } from './locate.ts';
import { refreshSuggestions } from './refresh.ts';
import type { Life, ServerStatus } from './statusText.ts';

const LANGUAGES = ['python', 'javascript', 'javascriptreact', 'typescript', 'typescriptreact', 'go', 'rust', 'java', 'c', 'cpp'];
export const SELECTOR = LANGUAGES.flatMap((language) => [
  { scheme: 'file', language },
  { scheme: 'untitled', language },
]);
const WINDOWS = process.platform === 'win32';
/** Written last: an environment without it was not finished, and is made anew. */
const FINISHED = 'finished';
/** In the global state: do not offer to set a server up. */
const QUIET = 'doNotOfferServer';

export class Server implements vscode.Disposable {
  client: LanguageClient | undefined;
  status: ServerStatus | undefined;
  paused = false;
  private found: Found | undefined;
  private life: Life = 'absent';
  private readonly changed = new vscode.EventEmitter<void>();
  /** Life, status or pause changed. */
  readonly onChange = this.changed.event;
  private readonly started = new vscode.EventEmitter<LanguageClient>();
  /** A client is running: the first, or one after a restart. */
  readonly onStart = this.started.event;
  private starting: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: vscode.ExtensionContext,
    readonly log: vscode.LogOutputChannel,
    private readonly middleware: Middleware,
  ) {}

  get state(): Life {
    return this.life;
  }

  /** The program that runs, for `doctor`. */
  get command(): string | undefined {
    return this.found?.command;
  }

  private get environment(): string {
    return vscode.Uri.joinPath(this.context.globalStorageUri, 'server').fsPath;
  }

  /** Start, or start anew. One after the other, however often it is called. */
  start(): Promise<void> {
    this.starting = this.starting.then(() => this.startNow()).catch((error: unknown) => this.log.error(String(error)));
    return this.starting;
  }

  private async startNow(): Promise<void> {
    await this.stopNow();
    const located = locate({
      explicit: vscode.workspace.getConfiguration('seed').get('server.path', ''),
      interpreter: await selectedInterpreter(),
      trusted: vscode.workspace.isTrusted,
      managed: this.environment,
      home: os.homedir(),
      // An environment that was left half made is none.
      exists: (file) => fs.existsSync(file) && (file !== serverIn(this.environment, WINDOWS) || fs.existsSync(this.marker)),
      windows: WINDOWS,
    });
    if ('missing' in located) {
      this.found = undefined;
      this.set('absent');
      void this.offerSetUp(located.missing);
      return;
    }
    this.found = located;
    this.log.info(`starting ${located.command} (${located.origin})`);
    this.set('starting');
    const client = this.makeClient(located);
    this.client = client;
    client.onDidChangeState(({ newState }) => {
      if (this.client === client) {
        this.set(newState === State.Running ? 'running' : newState === State.Starting ? 'starting' : 'stopped');
      }
    });
    refreshSuggestions(client);
    client.onNotification('didChangeStatus', (status: ServerStatus) => {
      this.status = status;
      this.changed.fire();
    });
    try {
      await client.start();
    } catch (error) {
      this.set('stopped');
      void vscode.window.showErrorMessage(`Seed: the server did not start: ${String(error)}`, 'Show the log').then((choice) => {
        if (choice !== undefined) {
          this.log.show();
        }
      });
      return;
    }
    this.paused = false;
    this.started.fire(client);
  }

  private makeClient(found: Found): LanguageClient {
    const options: LanguageClientOptions = {
      documentSelector: SELECTOR,
      outputChannel: this.log,
      middleware: this.middleware,
    };
    // Not in the workspace: nothing of it is to be found by a program that looks around where it is started.
    const run = { command: found.command, args: ['serve'], options: { cwd: os.homedir() } };
    return new LanguageClient('seed', 'Seed', run, options);
  }

  private set(life: Life): void {
    this.life = life;
    if (life !== 'running') {
      this.status = undefined;
    }
    void vscode.commands.executeCommand('setContext', 'seed.running', life === 'running');
    this.changed.fire();
  }

  /** The running client, or a message that says why there is none. */
  require(): LanguageClient | undefined {
    if (this.client?.isRunning()) {
      return this.client;
    }
    void vscode.window.showWarningMessage('Seed: the server is not running', 'Restart').then((choice) => {
      if (choice !== undefined) {
        void this.start();
      }
    });
    return undefined;
  }

  async togglePause(): Promise<void> {
    if (this.require() !== undefined) {
      this.paused = !this.paused;
      await this.execute(this.paused ? 'seed.pause' : 'seed.resume');
      this.changed.fire();
    }
  }

  /** Run one of the server's commands. */
  execute<Result>(command: string, ...args: unknown[]): Promise<Result> {
    if (this.client === undefined) {
      return Promise.reject(new Error('the server is not running'));
    }
    return this.client.sendRequest<Result>('workspace/executeCommand', { command, arguments: args });
  }

  private async offerSetUp(problem: string): Promise<void> {
    // A path that is wrong is told each time; that there is no server, as often as the user wants to hear it.
    if (problem === '' && this.context.globalState.get(QUIET, false)) {
      return;
    }
    const text = problem === '' ? 'no seed-lsp was found' : problem;
    const [setUp, path, quiet] = ['Set it up', 'Say where it is', 'Don’t ask again'];
    const choice = await vscode.window.showInformationMessage(`Seed: ${text}`, setUp, path, ...(problem === '' ? [quiet] : []));
    if (choice === quiet) {
      await this.context.globalState.update(QUIET, true);
    } else if (choice === setUp) {
      await this.setUp();
    } else if (choice === path) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'seed.server.path');
    }
  }

  private get marker(): string {
    return vscode.Uri.joinPath(vscode.Uri.file(this.environment), FINISHED).fsPath;
  }

  /** Make an environment with the server in it; only after a yes. */
  async setUp(): Promise<void> {
    const name = vscode.workspace.getConfiguration('seed').get('server.package', '') || (await choosePackage());
    if (name === undefined) {
      return;
    }
    const yes = 'Set it up';
    const detail = `pip will install ${name} and what it needs, some 1.5 GB with torch, into ${this.environment}. No model is downloaded yet.`;
    if ((await vscode.window.showInformationMessage('Set up Seed’s server?', { modal: true, detail }, yes)) !== yes) {
      return;
    }
    const made = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: 'Seed: setting up the server', cancellable: true },
      (progress, token) => this.makeEnvironment(name, progress, token),
    );
    if (made) {
      await this.start();
    }
  }

  private async makeEnvironment(
    name: string,
    progress: vscode.Progress<{ message?: string }>,
    token: vscode.CancellationToken,
  ): Promise<boolean> {
    try {
      const python = await findPython();
      await fs.promises.rm(this.environment, { recursive: true, force: true });
      await fs.promises.mkdir(this.context.globalStorageUri.fsPath, { recursive: true });
      progress.report({ message: 'making the environment' });
      await this.run(python, ['-m', 'venv', this.environment], progress, token);
      const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off', name];
      await this.run(pythonIn(this.environment, WINDOWS), pip, progress, token);
      await fs.promises.writeFile(this.marker, '');
      return true;
    } catch (error) {
      await fs.promises.rm(this.environment, { recursive: true, force: true });
      if (!token.isCancellationRequested) {
        void vscode.window.showErrorMessage(`Seed: the server could not be set up: ${(error as Error).message}`);
      }
      return false;
    }
  }

  /** Run a program to its end; each line that it prints goes to the log, and to the progress. */
  private run(
    program: string,
    args: string[],
    progress: vscode.Progress<{ message?: string }>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd: os.homedir(), stdio: ['ignore', 'pipe', 'pipe'] });
      const cancelled = token.onCancellationRequested(() => child.kill());
      let last = '';
      const read = (data: Buffer): void => {
        for (const line of data.toString().split('\n').filter((entry) => entry.trim() !== '')) {
          last = line.trim();
          this.log.info(last);
          progress.report({ message: last.length > 80 ? `${last.slice(0, 79)}…` : last });
        }
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('error', reject);
      child.on('close', (code) => {
        cancelled.dispose();
        if (code === 0) {
          resolve();
        } else {
          reject(new Error(last || `${program} ended with ${code}`));
        }
      });
    });
  }

  async stop(): Promise<void> {
    await this.starting;
    await this.stopNow();
  }

  private async stopNow(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    // One that never ran, or died, has nothing to be told.
    if (client?.isRunning()) {
      await client.stop(2000).catch((error: unknown) => this.log.warn(String(error)));
    }
    await client?.dispose().catch(() => undefined);
  }

  dispose(): void {
    this.changed.dispose();
    this.started.dispose();
  }
}

/** The server is on no package index yet, and a name there that is not ours would be anybody's. */
async function choosePackage(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Seed: the folder of a checkout of seed-lsp, or a wheel of it',
    openLabel: 'Install from here',
    canSelectFolders: true,
    canSelectFiles: true,
    filters: { Wheels: ['whl'] },
  });
  return chosen?.[0]?.fsPath;
}

/** The interpreter that the Python extension has selected, or that the setting names. */
async function selectedInterpreter(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension('ms-python.python');
  if (extension !== undefined) {
    try {
      const api = await extension.activate();
      const chosen = api?.environments?.getActiveEnvironmentPath?.();
      const resolved = chosen && (await api.environments.resolveEnvironment(chosen));
      const found: unknown = resolved?.executable?.uri?.fsPath;
      if (typeof found === 'string') {
        return found;
      }
    } catch {
      // It is not ours to repair; the setting is the next best.
    }
  }
  const named = vscode.workspace.getConfiguration('python').get<string>('defaultInterpreterPath');
  return named !== undefined && named !== '' && named !== 'python' ? named : undefined;
}

/** A Python that the server runs on. */
async function findPython(): Promise<string> {
  const selected = vscode.workspace.isTrusted ? await selectedInterpreter() : undefined;
  for (const program of [selected, 'python3', 'python'].filter((entry) => entry !== undefined)) {
    const good = await new Promise<boolean>((resolve) => {
      const check = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
      execFile(program, ['-c', check], { cwd: os.homedir(), timeout: 10_000 }, (error) => resolve(error === null));
    });
    if (good) {
      return program;
    }
  }
  throw new Error('no Python 3.10 or later with venv was found; install one, or name it in python.defaultInterpreterPath');
}
