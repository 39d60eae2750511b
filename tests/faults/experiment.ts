import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApi } from '../../harness/clients/api.ts';
import { visit } from '../../harness/clients/browser.ts';
import { sendVisitors, type VisitorsReport } from '../../harness/clients/visitors.ts';
import { eventually } from '../../harness/eventually.ts';
import type { FaultyDeployment } from './faulty-deployment.ts';
import type { Fault } from './injected/fault.ts';
import { compareStored, countOf, type Difference } from './stored-visits.ts';

export interface ExperimentOptions {
  readonly perSecond?: number;
  /** The redirect to visit; by default the oldest. */
  readonly address?: string;
  /** Resolves to the number of visits that the redirect reports as dropped, where it may drop any. */
  readonly dropped?: () => Promise<number>;
}

const PER_SECOND = 200;
const WARM_UP_MS = 500;
const COOL_DOWN_MS = 1000;
const POSSIBLE_WITHIN_MS = 30_000;
/** The time after the fault within which all visits are stored. */
const QUIET_WITHIN_MS = 60_000;
/** The time within which a count has its stored visits. */
const COUNTED_WITHIN_MS = 60_000;

const HEADER = [
  '| fault | answered | stored | counted | dropped | other answers | p50 ms | p99 ms |',
  '|---|---|---|---|---|---|---|---|',
];

/** Runs experiments on a deployment and collects their outcomes. */
export class Experiments {
  readonly #deployment: FaultyDeployment;
  readonly #rows: string[] = [];

  constructor(deployment: FaultyDeployment) {
    this.#deployment = deployment;
  }

  /** Returns the outcomes so far as a table in Markdown. */
  table(): string {
    return [...HEADER, ...this.#rows].join('\n');
  }

  /** Creates a link as soon as that is possible. @returns its code. */
  async createLink(): Promise<string> {
    const api = createApi(this.#deployment.links.url);
    return eventually(async () => {
      const response = await api.call('POST', '/api/v1/links', { original_url: 'https://example.com/' });
      assert.equal(response.status, 201);
      return ((await response.json()) as { short_code: string }).short_code;
    }, POSSIBLE_WITHIN_MS);
  }

  /**
   * Sends numbered visitors to a new link and injects the fault. Then waits until the stored visits are the answered
   * ones, and the link's count is their number.
   * @throws AssertionError when a visit is lost or doubled, or when visitors saw what they must not see.
   */
  async survive(fault: Fault, options: ExperimentOptions = {}): Promise<void> {
    const { perSecond = PER_SECOND, dropped = () => Promise.resolve(0) } = options;
    const code = await this.createLink();
    const report = await this.#visitDuring(fault, code, perSecond, options.address);
    const broken = report.refused.get('broken') ?? 0;
    const { stored, missing } = await this.#untilStored(code, report, broken, dropped);
    const counted = await this.#untilCounted(code, stored, broken);
    this.#add(fault.name, report, [report.answered.size, stored, counted, missing]);
    assert.ok(report.answered.size > perSecond, 'too few visits were answered');
    const maySee = new Set(fault.visitorsMaySee);
    const strange = [...report.refused.keys()].filter((status) => !maySee.has(status));
    assert.deepEqual(strange, [], 'visitors saw what they must not see');
  }

  async #visitDuring(
    fault: Fault,
    code: string,
    perSecond: number,
    address = this.#deployment.running('redirect')[0]?.url ?? '',
  ): Promise<VisitorsReport> {
    const url = `${address}/${code}`;
    // A HEAD loads the link into the redirect and counts as no person.
    await eventually(async () => assert.equal((await visit(url, 'HEAD')).status, 307), POSSIBLE_WITHIN_MS);
    const visitors = sendVisitors({ url, perSecond });
    await sleep(WARM_UP_MS);
    try {
      await fault.inject(this.#deployment, code);
      await sleep(COOL_DOWN_MS);
    } finally {
      await visitors.stop();
    }
    return visitors.stop();
  }

  #untilStored(
    code: string,
    { answered }: VisitorsReport,
    broken: number,
    dropped: () => Promise<number>,
  ): Promise<Difference> {
    return eventually(async () => {
      const difference = await compareStored(this.#deployment.sql, code, answered);
      const { missing, surplus } = difference;
      // A visit without an answer may be stored: the connection may have broken on the visitor's side.
      assert.ok(surplus <= broken, `${surplus} visits are stored that nobody made`);
      assert.equal(missing, await dropped(), 'visits are missing that nobody dropped');
      return difference;
    }, QUIET_WITHIN_MS);
  }

  /** Ticks alone bring the count. A visit without an answer may be counted and not stored, until it is taken back. */
  #untilCounted(code: string, stored: number, broken: number): Promise<number> {
    return eventually(async () => {
      const count = await countOf(this.#deployment.sql, code);
      assert.ok(count >= stored, `the count is ${stored - count} behind the stored visits`);
      assert.ok(count - stored <= broken, `${count - stored} visits are counted that nobody made`);
      return count;
    }, COUNTED_WITHIN_MS);
  }

  #add(name: string, { refused, p50Ms, p99Ms }: VisitorsReport, numbers: readonly number[]): void {
    const others = [...refused].map(([status, times]) => `${status}: ${times}`).join(', ') || 'none';
    this.#rows.push(
      `| ${name} | ${numbers.join(' | ')} | ${others} | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} |`,
    );
  }
}
