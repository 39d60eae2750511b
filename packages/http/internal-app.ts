import type { Hono } from 'hono';
import { type AppDependencies, createApp } from './create-app.ts';
import { methodNotAllowed } from './method-not-allowed.ts';

/** Whether the process takes requests, and whether each backing service answers, by its name. Callers learn no more. */
export interface Readiness {
  readonly ready: boolean;
  readonly services: Readonly<Record<string, boolean>>;
}

export interface InternalDependencies extends AppDependencies {
  readonly readiness: () => Promise<Readiness>;
  /** Whether a rollout may go on with this process; stays true once it is. */
  readonly started: () => Promise<boolean>;
  /** The metrics in the Prometheus text format. */
  readonly metricsText: () => Promise<string>;
}

/** The addresses that only the platform requests: `/.live`, `/.started`, `/.ready` and `/.metrics`. */
export function createInternalApp(services: InternalDependencies): Hono {
  const app = createApp(services);

  app.get('/.live', (c) => c.json({ status: 'live' }));

  app.get('/.started', async (c) => {
    const hasStarted = await services.started();
    return c.json({ status: hasStarted ? 'started' : 'starting' }, hasStarted ? 200 : 503);
  });

  app.get('/.ready', async (c) => {
    const { ready, services: up } = await services.readiness();
    const states = Object.entries(up).map(([name, isUp]) => [name, isUp ? 'up' : 'down']);
    return c.json(
      { status: ready ? 'ready' : 'unready', services: Object.fromEntries(states) },
      ready ? 200 : 503,
    );
  });

  app.get('/.metrics', async (c) => c.text(await services.metricsText()));

  for (const path of ['/.live', '/.started', '/.ready', '/.metrics']) app.all(path, methodNotAllowed('GET'));

  return app;
}
