import { secret } from '@pulumi/pulumi';
import { SECRET_MARK } from './plan.ts';

const REGION = 'eu-central-1';
const ACCOUNT = '123456789012';

type Values = Readonly<Record<string, unknown>>;

/** Returns a provider's answer to a call of the configuration. @throws Error for an unknown call. */
export function answer(token: string, inputs: Values): Record<string, unknown> {
  switch (token) {
    case 'aws:index/getRegion:getRegion':
      return { region: REGION, name: REGION, id: REGION };
    case 'aws:index/getPartition:getPartition':
      return { partition: 'aws', dnsSuffix: 'amazonaws.com' };
    case 'aws:index/getAvailabilityZones:getAvailabilityZones':
      return { names: ['a', 'b', 'c'].map((zone) => `${REGION}${zone}`) };
    case 'aws:iam/getPolicyDocument:getPolicyDocument':
      return { json: JSON.stringify(inputs) };
    case 'aws:ec2/getManagedPrefixList:getManagedPrefixList':
      return { id: 'pl-cloudfront' };
    case 'aws:ec2/getAmi:getAmi':
      return { id: 'ami-nat' };
    case 'aws:route53/getZone:getZone':
      return { zoneId: 'ZONE', name: inputs['name'] };
    default:
      throw new Error(
        `The stand-in for the cloud has no answer to ${token}: add one in infra/plan/cloud.ts.`,
      );
  }
}

/** Returns the state of a created resource: its inputs, and the outputs that the configuration reads. */
export function stateOf(type: string, name: string, inputs: Values): Record<string, unknown> {
  const arn = `arn:aws:${type.split(':')[1]?.split('/')[0]}:${REGION}:${ACCOUNT}:${name}`;
  return { name: `${name}-name`, arn, ...inputs, ...outputs(type, name, arn, inputs) };
}

function outputs(type: string, name: string, arn: string, inputs: Values): Record<string, unknown> {
  const password = secret(`${SECRET_MARK}-${name}`);
  switch (type) {
    case 'random:index/randomPassword:RandomPassword':
      return { result: password };
    case 'upstash:index/redisDatabase:RedisDatabase':
      return {
        endpoint: 'terse.upstash.io',
        port: 6379,
        password,
        restToken: secret(`${SECRET_MARK}-rest-token`),
      };
    case 'cloudamqp:index/instance:Instance':
      return { url: secret(`amqps://terse:${SECRET_MARK}-cloudamqp@terse.cloudamqp.com/terse`) };
    case 'aws:mq/broker:Broker':
      return { instances: [{ endpoints: [`amqps://broker.mq.${REGION}.amazonaws.com:5671`] }] };
    case 'aws:rds/instance:Instance':
      return { address: `${name}.rds.amazonaws.com`.toLowerCase(), identifier: name.toLowerCase() };
    case 'aws:rds/proxy:Proxy':
      return { endpoint: `${name}.proxy.rds.amazonaws.com`.toLowerCase() };
    case 'aws:secretsmanager/secret:Secret':
      return { arn: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}` };
    case 'aws:secretsmanager/secretVersion:SecretVersion':
      return { arn: inputs['secretId'], versionId: `version-of-${name}` };
    case 'aws:ecr/repository:Repository':
      return { repositoryUrl: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${name}` };
    case 'command:local:Command':
      return { stdout: 'sha256:0123' };
    case 'aws:lb/loadBalancer:LoadBalancer':
    case 'aws:lb/targetGroup:TargetGroup':
      return { arnSuffix: `suffix/${name}`, dnsName: `internal-${name}.elb.amazonaws.com` };
    case 'aws:cloudfront/distribution:Distribution':
      return { domainName: 'd1.cloudfront.net', hostedZoneId: 'CLOUDFRONT', etag: 'etag' };
    case 'aws:acm/certificate:Certificate':
      return {
        arn,
        domainValidationOptions: [
          { resourceRecordName: '_v.terse', resourceRecordType: 'CNAME', resourceRecordValue: '_v.acm' },
        ],
      };
    case 'aws:route53/record:Record':
      return { fqdn: '_v.terse' };
    default:
      return {};
  }
}
