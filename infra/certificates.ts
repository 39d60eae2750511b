import type { Stage } from './stage.ts';

/** CloudFront accepts its certificate and its firewall from this region only. */
export function createGlobalRegion() {
  return new aws.Provider('GlobalRegion', { region: 'us-east-1' });
}

/**
 * Creates two certificates for the domain: one in CloudFront's region, one for the load balancer, which gets the
 * visitor's `Host` from CloudFront. The same record validates both.
 */
export function createCertificates(stage: Stage, globalRegion: aws.Provider) {
  const zoneId = aws.route53.getZoneOutput({ name: stage.zone }).zoneId;
  const request = { domainName: stage.domain, validationMethod: 'DNS' };
  const edge = new aws.acm.Certificate('EdgeCertificate', request, { provider: globalRegion });
  const origin = new aws.acm.Certificate('OriginCertificate', request);
  const record = origin.domainValidationOptions.apply(
    ([option]) =>
      new aws.route53.Record('CertificateRecord', {
        zoneId,
        name: option.resourceRecordName,
        type: option.resourceRecordType,
        records: [option.resourceRecordValue],
        ttl: 60,
      }),
  );
  const validated = (name: string, certificate: aws.acm.Certificate, provider?: aws.Provider) =>
    new aws.acm.CertificateValidation(
      name,
      { certificateArn: certificate.arn, validationRecordFqdns: [record.fqdn] },
      { ...(provider && { provider }) },
    ).certificateArn;
  return {
    zoneId,
    edge: validated('EdgeCertificateValidated', edge, globalRegion),
    origin: validated('OriginCertificateValidated', origin),
  };
}
