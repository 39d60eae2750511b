import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '@terse/runtime/settings/config';
import { type Context, createContext } from '@terse/runtime/context';
import { openLinks } from '@terse/runtime/functions/links';
import { type Opened } from '@terse/runtime/opened';
import { openRedirect } from '@terse/runtime/functions/redirect';
import { openStats } from '@terse/runtime/functions/stats';
import { openVisitWriter } from '@terse/runtime/functions/visit-writer';
import type { PlanReader } from './plans.ts';
import { type FunctionName, MANIFESTS } from '../../functions/manifests.ts';

interface CollectorConfiguration {
  readonly receivers: {
    readonly prometheus: {
      readonly config: {
        readonly scrape_configs: readonly {
          readonly static_configs: readonly { readonly labels: { readonly function: string } }[];
        }[];
      };
    };
  };
  readonly exporters: {
    readonly awsemf: {
      readonly metric_declarations: readonly { readonly metric_name_selectors: readonly string[] }[];
    };
  };
}

/** Reads the configuration of the collector beside a function. */
export function collectorOf(environment: readonly { readonly name: string; readonly value: string }[]) {
  const text = environment.find(({ name }) => name === 'AOT_CONFIG_CONTENT')?.value ?? '';
  const { receivers, exporters } = JSON.parse(text) as CollectorConfiguration;
  const [target] = receivers.prometheus.config.scrape_configs.flatMap(
    ({ static_configs: targets }) => targets,
  );
  return {
    name: target?.labels.function ?? '',
    exporter: exporters.awsemf,
    selectors: exporters.awsemf.metric_declarations.flatMap(({ metric_name_selectors: names }) => names),
  };
}

/** Nothing listens at port 1; a function still shows the names of its metrics. */
const NOWHERE = {
  DATABASE_URL: 'postgres://user:pw@127.0.0.1:1/terse',
  REDIS_URL: 'redis://127.0.0.1:1',
  RABBITMQ_URL: 'amqp://127.0.0.1:1',
  BASE_URL: 'https://go.example',
  LOG_LEVEL: 'silent',
};

const OPEN: Record<string, (context: Context) => Promise<Opened>> = {
  redirect: async (context) => {
    const opened = await openRedirect(context);
    return {
      ...opened,
      close: async () => {
        await opened.recorder.close(0);
        await opened.close();
      },
    };
  },
  links: openLinks,
  stats: openStats,
  'visit-writer': openVisitWriter,
};

const shown = new Map<string, Promise<string>>();

/** Resolves to the text of a function's `/.metrics`. */
export function metricsShownBy(name: string): Promise<string> {
  const text = shown.get(name) ?? show(name);
  shown.set(name, text);
  return text;
}

async function show(name: string): Promise<string> {
  const open = OPEN[name];
  if (!open) throw new Error(`${name} has a collector: add to OPEN how it is opened.`);
  const directory = await mkdtemp(join(tmpdir(), 'terse-test-'));
  try {
    const config = readConfig(MANIFESTS[name as FunctionName], { ...NOWHERE, JOURNAL_DIR: directory });
    const opened = await open(createContext(MANIFESTS[name as FunctionName], config));
    try {
      return await opened.metricsText();
    } finally {
      await opened.close();
    }
  } finally {
    await rm(directory, { recursive: true });
  }
}

interface Dashboard {
  readonly widgets: readonly { readonly properties: { readonly metrics: readonly (readonly unknown[])[] } }[];
}

/** Returns the metrics of the dashboard, named as in an alarm. */
export function metricsOfDashboard(plan: PlanReader) {
  return plan.of('cloudwatch/dashboard').flatMap(({ inputs }) => {
    const { widgets } = JSON.parse(String(inputs['dashboardBody'])) as Dashboard;
    return widgets.flatMap(({ properties }) =>
      properties.metrics.map((line) => {
        const [namespace, metricName, ...rest] = line.filter((each) => typeof each === 'string');
        const dimensions = Object.fromEntries(
          rest.flatMap((name, index) => (index % 2 === 0 ? [[name, rest[index + 1] ?? '']] : [])),
        ) as Readonly<Record<string, string>>;
        return { namespace, metricName, dimensions };
      }),
    );
  });
}
