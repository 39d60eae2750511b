import { pascal } from './database.ts';
import type { Stage } from './stage.ts';

export type Images = ReturnType<typeof createImages>;
export type Target = 'runtime' | 'lambda';

export interface Image {
  /** The image by digest. */
  readonly reference: $util.Output<string>;
  readonly repositoryArn: $util.Output<string>;
}

/**
 * Builds functions from the one Dockerfile. A tag is the commit and the target and never changes; what runs is named by
 * digest.
 */
export function createImages(stage: Stage) {
  const registry = aws.ecr.getAuthorizationTokenOutput();

  function build(name: string, target: Target): Image {
    const repository = new aws.ecr.Repository(`${pascal(name)}Images`, {
      name: `terse/${stage.name}/${name}`,
      imageTagMutability: 'IMMUTABLE',
      imageScanningConfiguration: { scanOnPush: true },
      forceDelete: !stage.isProduction,
    });
    new aws.ecr.LifecyclePolicy(`${pascal(name)}ImagesKept`, {
      repository: repository.name,
      policy: JSON.stringify({
        rules: [
          {
            rulePriority: 1,
            description: 'What a rollback may need',
            selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 30 },
            action: { type: 'expire' },
          },
        ],
      }),
    });
    const image = new dockerbuild.Image(`${pascal(name)}Image`, {
      context: { location: $cli.paths.root },
      dockerfile: { location: `${$cli.paths.root}/Dockerfile` },
      buildArgs: { FUNCTION: name },
      target,
      // Lambda takes an image of one platform only, and refuses the index that two of them would need.
      platforms: target === 'lambda' ? ['linux/arm64'] : ['linux/arm64', 'linux/amd64'],
      tags: [$interpolate`${repository.repositoryUrl}:${stage.commit}-${target}`],
      push: true,
      // A plan shows what would be built without building it.
      buildOnPreview: false,
      registries: [
        {
          address: registry.proxyEndpoint,
          username: registry.userName,
          password: $util.secret(registry.password),
        },
      ],
    });
    return {
      reference: $interpolate`${repository.repositoryUrl}@${image.digest}`,
      repositoryArn: repository.arn,
    };
  }

  return { build };
}
