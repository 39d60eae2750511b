import { readFileSync } from 'node:fs';
import { createFirewall } from './firewall.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { Stage } from './stage.ts';

/** CloudFront caches responses with these statuses for ten seconds by default. */
const ERRORS = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504];

/** One year. Subdomains are not included, because they may belong to others. */
const HSTS_SECONDS = 31_536_000;

interface EdgeOptions {
  readonly loadBalancer: LoadBalancer;
  readonly zoneId: $util.Input<string>;
  readonly certificateArn: $util.Input<string>;
  readonly globalRegion: aws.Provider;
}

/** Creates CloudFront in front of the load balancer, which it reaches inside the VPC. */
export function createEdge(
  stage: Stage,
  { loadBalancer, zoneId, certificateArn, globalRegion }: EdgeOptions,
) {
  const origin = new aws.cloudfront.VpcOrigin('Origin', {
    vpcOriginEndpointConfig: {
      name: `terse-${stage.name}`,
      arn: loadBalancer.balancer.arn,
      httpPort: 80,
      httpsPort: 443,
      originProtocolPolicy: 'https-only',
      originSslProtocols: { items: ['TLSv1.2'], quantity: 1 },
    },
  });
  const refuseInternalPaths = new aws.cloudfront.Function('RefuseInternalPathsAtEdge', {
    runtime: 'cloudfront-js-2.0',
    publish: true,
    code: readFileSync(`${$cli.paths.root}/infra/edge-function.js`, 'utf8'),
  });
  const policies = createPolicies();
  const distribution = new aws.cloudfront.Distribution('Edge', {
    comment: `terse-${stage.name}`,
    enabled: true,
    httpVersion: 'http2and3',
    isIpv6Enabled: true,
    restrictions: { geoRestriction: { restrictionType: 'none' } },
    origins: [
      {
        originId: 'load-balancer',
        domainName: loadBalancer.balancer.dnsName,
        vpcOriginConfig: { vpcOriginId: origin.id },
      },
    ],
    defaultCacheBehavior: {
      targetOriginId: 'load-balancer',
      viewerProtocolPolicy: 'redirect-to-https',
      allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
      cachedMethods: ['GET', 'HEAD'],
      compress: true,
      cachePolicyId: policies.cache.id,
      originRequestPolicyId: policies.request.id,
      responseHeadersPolicyId: policies.headers.id,
      functionAssociations: [{ eventType: 'viewer-request', functionArn: refuseInternalPaths.arn }],
    },
    // A new link works at once, also when somebody has asked for its code before.
    customErrorResponses: ERRORS.map((errorCode) => ({ errorCode, errorCachingMinTtl: 0 })),
    aliases: [stage.domain],
    viewerCertificate: {
      acmCertificateArn: certificateArn,
      sslSupportMethod: 'sni-only',
      minimumProtocolVersion: 'TLSv1.2_2021',
    },
    webAclId: createFirewall(stage, globalRegion).arn,
  });
  for (const type of ['A', 'AAAA']) {
    new aws.route53.Record(`EdgeRecord${type}`, {
      zoneId,
      name: stage.domain,
      type,
      aliases: [
        { name: distribution.domainName, zoneId: distribution.hostedZoneId, evaluateTargetHealth: false },
      ],
    });
  }
  return distribution;
}

/** Says what CloudFront caches, forwards and adds. */
function createPolicies() {
  const cache = new aws.cloudfront.CachePolicy('AsTheLinkSays', {
    comment: 'Caches an answer only as Cache-Control allows',
    minTtl: 0,
    defaultTtl: 0,
    maxTtl: 86_400,
    parametersInCacheKeyAndForwardedToOrigin: {
      headersConfig: { headerBehavior: 'whitelist', headers: { items: ['Authorization', 'Host'] } },
      cookiesConfig: { cookieBehavior: 'none' },
      queryStringsConfig: { queryStringBehavior: 'all' },
    },
  });
  const request = new aws.cloudfront.OriginRequestPolicy('WithCountry', {
    comment: 'Forwards the request with the country that CloudFront sees',
    headersConfig: {
      headerBehavior: 'allViewerAndWhitelistCloudFront',
      headers: { items: ['CloudFront-Viewer-Country'] },
    },
    cookiesConfig: { cookieBehavior: 'none' },
    queryStringsConfig: { queryStringBehavior: 'all' },
  });
  const headers = new aws.cloudfront.ResponseHeadersPolicy('OverHttpsOnly', {
    comment: 'Browsers return over HTTPS, also for http links',
    securityHeadersConfig: {
      strictTransportSecurity: {
        accessControlMaxAgeSec: HSTS_SECONDS,
        includeSubdomains: false,
        preload: false,
        override: true,
      },
    },
  });
  return { cache, request, headers };
}
