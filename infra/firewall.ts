import { manifest as links } from '../functions/links/manifest.ts';
import { pathPatterns } from './path-patterns.ts';
import type { Stage } from './stage.ts';

type Statement = aws.types.input.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatement;

/** Matches the paths that the load balancer sends to the API; `/apis` is a short code. */
const UNDER_API = {
  orStatement: {
    statements: pathPatterns(links.routes).map((pattern) =>
      pattern.endsWith('*') ? startsAs('STARTS_WITH', pattern.slice(0, -1)) : startsAs('EXACTLY', pattern),
    ),
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

/** Blocks requests of one address beyond `limit` in five minutes. */
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

/** Creates the firewall at CloudFront, which limits requests per address and refuses known malicious ones. */
export function createFirewall(stage: Stage, globalRegion: aws.Provider) {
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
          // Tools follow links, too; their visits count as bots'.
          'NoUserAgent_HEADER',
          'UserAgent_BadBots_HEADER',
        ]),
      ],
    },
    { provider: globalRegion },
  );
}
