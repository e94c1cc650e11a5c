/// <reference lib="esnext.disposable" preserve="true" />
/** A sandbox process that ends with the test. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ConfigurationError } from '../errors.js';
import * as read from '../options.js';
import { sandboxBinary } from './binary.js';
import { Control } from './control.js';
import { type Made, Merchant } from './merchant.js';

// A test may replace the global ones by a clock of its own.
const { clearTimeout, setTimeout } = globalThis;

/** How long a stop may take; the sandbox answers what has come and sends what is being sent. */
const STOP = 15_000;

/** How a sandbox starts. */
export interface SandboxOptions {
  /** A file that keeps everything; in memory where it is not given. */
  readonly database?: string | undefined;
  /** The program; what `sandboxBinary` finds where it is not given. */
  readonly binary?: string | undefined;
  /** How many milliseconds the start may take; 30,000. */
  readonly timeout?: number | undefined;
}

/** What a merchant is. */
export interface MerchantOptions {
  /** `mor` (Merchant of Record) must reference the catalog, `direct` may use ad hoc amounts too; `direct`. */
  readonly kind?: 'direct' | 'mor' | undefined;
  /** The currency of ad hoc amounts that name none; `USD`. */
  readonly defaultCurrency?: string | undefined;
}

/**
 * A sandbox on a free port of this machine.
 *
 * It ends when it is closed, and with this process, however that ends. It does not keep the process alive.
 *
 * ```ts
 * await using sandbox = await Sandbox.start();
 * const merchant = await sandbox.merchant();
 * ```
 */
export class Sandbox {
  /** Where it listens: `http://127.0.0.1:4250`. */
  readonly url: string;
  readonly #process: SandboxProcess;
  readonly #control: Control;
  readonly #merchants: Merchant[] = [];

  private constructor(process: SandboxProcess, ready: Ready) {
    this.url = ready.url;
    this.#process = process;
    this.#control = new Control(ready.url, ready.api_key);
  }

  /**
   * Starts one.
   *
   * @throws {ConfigurationError} The binary is missing, or did not start.
   */
  static async start(options: SandboxOptions = {}): Promise<Sandbox> {
    read.known(options, ['database', 'binary', 'timeout']);
    const database = read.text(options.database, 'database');
    const binary = read.text(options.binary, 'binary') ?? sandboxBinary();
    const timeout = read.milliseconds(options.timeout, 'timeout') ?? 30_000;
    const kept = database === undefined ? [] : ['--db', database];
    const process = new SandboxProcess(binary, kept);
    return new Sandbox(process, await process.ready(timeout));
  }

  /** Makes a merchant of its own, such as one for each test. It sees nothing of the others. */
  async merchant(options: MerchantOptions = {}): Promise<Merchant> {
    read.known(options, ['kind', 'defaultCurrency']);
    const { kind = 'direct', defaultCurrency = 'USD' } = options;
    const body = { kind, default_currency: defaultCurrency };
    const made = (await this.#control.post('/merchants', body)) as Made;
    const merchant = new Merchant(this.url, made);
    this.#merchants.push(merchant);
    return merchant;
  }

  /** The process id of the sandbox. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Gives what the sandbox has logged; with `FASTSTAR_LOG=debug` it says more. */
  log(): string {
    return this.#process.log();
  }

  /** Ends the sandbox. */
  async close(): Promise<void> {
    await Promise.all(this.#merchants.splice(0).map((merchant) => merchant.close()));
    await this.#process.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The line that says where it listens. */
interface Ready {
  readonly url: string;
  readonly api_key: string;
}

class SandboxProcess {
  readonly #command: string;
  readonly #child: ChildProcess;
  readonly #log: number;
  #said: string | undefined;

  constructor(command: string, kept: readonly string[]) {
    this.#command = command;
    this.#log = openLog();
    const options = ['sandbox', '--until-stdin-closes', '--port', '0', '--json', ...kept];
    this.#child = spawn(command, options, { stdio: ['pipe', 'pipe', this.#log] });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Waits for the line, and lets go of the process: it ends with its standard input. */
  async ready(timeout: number): Promise<Ready> {
    const child = this.#child;
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    let failure: Error | undefined;
    child.on('error', (error) => (failure = error));
    const line = await firstLine(child);
    clearTimeout(timer);
    if (line === undefined) {
      const said = failure === undefined ? this.log().trim() || 'it said nothing' : this.#why(failure);
      await this.end();
      const message = `the sandbox did not start: ${said}`;
      throw new ConfigurationError(message, { code: 'invalid_configuration', cause: failure });
    }
    child.unref();
    for (const pipe of [child.stdin, child.stdout]) (pipe as Socket | null)?.unref();
    return JSON.parse(line) as Ready;
  }

  #why(failure: Error): string {
    return `${this.#command}: ${(failure as NodeJS.ErrnoException).code ?? failure.message}`;
  }

  log(): string {
    if (this.#said !== undefined) return this.#said;
    const text = Buffer.alloc(fstatSync(this.#log).size);
    // From the start, and without moving where the sandbox writes: they share the file's position.
    return text.toString('utf8', 0, readSync(this.#log, text, 0, text.length, 0));
  }

  async end(): Promise<void> {
    if (this.#said !== undefined) return;
    const child = this.#child;
    // One that could not be started has no id, and no end either.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.ref();
      const ended = once(child, 'exit');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP);
      child.kill();
      await ended;
      clearTimeout(timer);
    }
    child.stdin?.destroy();
    child.stdout?.destroy();
    if (this.#said !== undefined) return;
    this.#said = this.log();
    closeSync(this.#log);
  }
}

/** Opens a file that is gone when it is closed. */
function openLog(): number {
  const folder = mkdtempSync(join(tmpdir(), 'faststar-'));
  try {
    return openSync(join(folder, 'sandbox.log'), 'w+');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function firstLine(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.on('error', () => resolve(undefined));
    child.on('close', () => resolve(undefined));
  });
}
