declare module 'prom-client/lib/metrics/*.js' {
  import type { DefaultMetricsCollectorConfiguration, Registry, RegistryContentType } from 'prom-client';

  export default function collect(
    registry: Registry,
    config: DefaultMetricsCollectorConfiguration<RegistryContentType>,
  ): void;
}
