export default $config({
  app({ stage }) {
    const isProduction = stage === 'production';
    return {
      name: 'terse',
      home: 'aws',
      removal: isProduction ? 'retain' : 'remove',
      protect: isProduction,
      types: { ignore: ['packages', 'functions', 'infra'] },
      providers: {
        aws: '7.20.0',
        cloudamqp: '3.34.0',
        command: '1.0.1',
        random: '4.16.6',
        upstash: { package: '@upstash/pulumi', version: '0.5.0' },
      },
    };
  },

  async run() {
    const { readStage } = await import('./infra/stage.ts');
    const { readCommit } = await import('./infra/commit.ts');
    const { createNetwork } = await import('./infra/network.ts');
    const { createGlobalRegion, createCertificates } = await import('./infra/certificates.ts');
    const { createAdminKey } = await import('./infra/secrets.ts');
    const { createDatabase } = await import('./infra/database.ts');
    const { createCache } = await import('./infra/cache.ts');
    const { createQueue } = await import('./infra/queue.ts');
    const { createImages } = await import('./infra/images.ts');
    const { createCluster } = await import('./infra/cluster.ts');
    const { createLoadBalancer } = await import('./infra/load-balancer.ts');
    const { createFunctions } = await import('./infra/functions.ts');
    const { createEdge } = await import('./infra/edge.ts');
    const { createAlarms } = await import('./infra/alarms.ts');
    const { alarmsTo, createTopic } = await import('./infra/alarms/alarm.ts');
    const { createDashboard } = await import('./infra/dashboard.ts');
    const { createBudget } = await import('./infra/budget.ts');

    const stage = readStage($app.stage, process.env, readCommit(process.env, $cli.paths.root));
    const network = createNetwork(stage);
    const database = createDatabase(stage, network);
    const cache = createCache(stage);
    const queue = createQueue(stage, network);
    const adminKey = createAdminKey(stage);
    const images = createImages(stage);
    const alarm = alarmsTo(stage, createTopic(stage));
    const cluster = createCluster(stage, network, alarm);

    const globalRegion = createGlobalRegion();
    const certificates = createCertificates(stage, globalRegion);
    const loadBalancer = createLoadBalancer(stage, network, certificates.origin);
    const { functions, deadLetters } = createFunctions(stage, {
      network,
      database,
      cache,
      queue,
      adminKey,
      images,
      cluster,
      loadBalancer,
    });
    createEdge(stage, {
      loadBalancer,
      zoneId: certificates.zoneId,
      certificateArn: certificates.edge,
      globalRegion,
    });

    createAlarms(stage, alarm, { functions, cluster, loadBalancer, database, queue });
    createDashboard(stage, { functions, loadBalancer, database });
    createBudget(stage);
    return { url: `https://${stage.domain}`, deadLetters };
  },
});
