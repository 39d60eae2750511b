import { readFileSync } from 'node:fs';
import type { LoadBalancer } from './load-balancer.ts';
import type { Stage } from './stage.ts';

/** Of CloudFront: responses with 4xx and 5xx are kept for ten seconds unless told otherwise. */
const ERRORS = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504];

/** One year. Subdomains are not included, because they may belong to others. */
const HSTS_SECONDS = 31_536_000;

interface EdgeOptions {
  readonly loadBalancer: LoadBalancer;
  readonly zoneId: $util.Input<string>;
  readonly certificateArn: $util.Input<string>;
  readonly globalRegion: aws.Provider;
}

/** CloudFront before the load balancer, which it reaches inside the VPC. */
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
  const cachePolicy = new aws.cloudfront.CachePolicy('AsTheLinkSays', {
    comment: 'Kept only if, and as long as, Cache-Control says so',
    minTtl: 0,
    defaultTtl: 0,
    maxTtl: 86_400,
    parametersInCacheKeyAndForwardedToOrigin: {
      headersConfig: { headerBehavior: 'whitelist', headers: { items: ['Authorization', 'Host'] } },
      cookiesConfig: { cookieBehavior: 'none' },
      queryStringsConfig: { queryStringBehavior: 'all' },
    },
  });
  const requestPolicy = new aws.cloudfront.OriginRequestPolicy('WithCountry', {
    comment: 'What the visitor sent, and where CloudFront sees them',
    headersConfig: {
      headerBehavior: 'allViewerAndWhitelistCloudFront',
      headers: { items: ['CloudFront-Viewer-Country'] },
    },
    cookiesConfig: { cookieBehavior: 'none' },
    queryStringsConfig: { queryStringBehavior: 'all' },
  });
  const headersPolicy = new aws.cloudfront.ResponseHeadersPolicy('OverHttpsOnly', {
    comment: 'Browsers come back over HTTPS, whatever a link says',
    securityHeadersConfig: {
      strictTransportSecurity: {
        accessControlMaxAgeSec: HSTS_SECONDS,
        includeSubdomains: false,
        preload: false,
        override: true,
      },
    },
  });
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
      cachePolicyId: cachePolicy.id,
      originRequestPolicyId: requestPolicy.id,
      responseHeadersPolicyId: headersPolicy.id,
      functionAssociations: [{ eventType: 'viewer-request', functionArn: refuseInternalPaths.arn }],
    },
    // A link that is made a moment after somebody asked for it is there at once.
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

type Statement = aws.types.input.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatement;

/** Matches the paths that the load balancer sends to the API; `/apis` is a short code. */
const UNDER_API = {
  orStatement: {
    statements: [startsAs('EXACTLY', '/api'), startsAs('STARTS_WITH', '/api/')],
  },
} satisfies Statement;

function startsAs(positionalConstraint: 'EXACTLY' | 'STARTS_WITH', searchString: string) {
  return {
    byteMatchStatement: {
      fieldToMatch: { uriPath: {} },
      positionalConstraint,
      searchString,
      textTransformations: [{ priority: 0, type: 'NONE' }],
    },
  };
}

/** Matches requests of one address beyond `limit` in five minutes. */
function atMost(limit: number, scopeDownStatement: Statement) {
  return {
    action: { block: { customResponse: { responseCode: 429 } } },
    statement: {
      rateBasedStatement: {
        aggregateKeyType: 'IP',
        limit,
        evaluationWindowSec: 300,
        scopeDownStatement,
      },
    },
  };
}

function createFirewall(stage: Stage, globalRegion: aws.Provider) {
  const rule = (name: string, priority: number) => ({
    name,
    priority,
    visibilityConfig: { cloudwatchMetricsEnabled: true, metricName: name, sampledRequestsEnabled: true },
  });
  const managed = (name: string, priority: number, onlyCounted: readonly string[] = []) => ({
    ...rule(name, priority),
    overrideAction: { none: {} },
    statement: {
      managedRuleGroupStatement: {
        vendorName: 'AWS',
        name: `AWSManagedRules${name}`,
        ruleActionOverrides: onlyCounted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
      },
    },
  });
  return new aws.wafv2.WebAcl(
    'Firewall',
    {
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      visibilityConfig: {
        cloudwatchMetricsEnabled: true,
        metricName: `terse-${stage.name}`,
        sampledRequestsEnabled: true,
      },
      rules: [
        {
          ...rule('ApiRequestsPerAddress', 0),
          ...atMost(stage.perAddress.apiRequests, UNDER_API),
        },
        {
          // An office opens the links of a mailing from one address.
          ...rule('RedirectsPerAddress', 1),
          ...atMost(stage.perAddress.redirects, { notStatement: { statements: [UNDER_API] } }),
        },
        managed('AmazonIpReputationList', 2),
        managed('KnownBadInputsRuleSet', 3),
        managed('CommonRuleSet', 4, [
          // A link is a URL in a body, and may lead to an address in numbers; its query may be long.
          'GenericRFI_BODY',
          'GenericRFI_QUERYARGUMENTS',
          'SizeRestrictions_BODY',
          'SizeRestrictions_QUERYSTRING',
          'CrossSiteScripting_BODY',
          'EC2MetaDataSSRF_BODY',
          // Tools follow links, too; they are counted apart.
          'NoUserAgent_HEADER',
          'UserAgent_BadBots_HEADER',
        ]),
      ],
    },
    { provider: globalRegion },
  );
}
