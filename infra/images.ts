import { pascal } from './resource-name.ts';
import type { Stage } from './stage.ts';

export type Images = ReturnType<typeof createImages>;
export type Target = 'runtime' | 'lambda';

/** The one platform for Fargate and Lambda. */
export const ARCHITECTURE = { docker: 'linux/arm64', ecs: 'ARM64', lambda: 'arm64' } as const;

export interface Image {
  /** The image by digest. */
  readonly reference: $util.Output<string>;
  readonly repositoryArn: $util.Output<string>;
}

/**
 * Builds images of functions from the Dockerfile. A tag names commit and target and never changes; a deployment refers
 * to the digest.
 */
export function createImages(stage: Stage) {
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
            description: 'Keeps images for rollbacks',
            selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 30 },
            action: { type: 'expire' },
          },
        ],
      }),
    });
    const image = new command.local.Command(`${pascal(name)}Image`, {
      create: 'infra/build-image.sh',
      dir: $cli.paths.root,
      environment: {
        REPOSITORY_URL: repository.repositoryUrl,
        TAG: `${stage.commit}-${target}`,
        FUNCTION: name,
        TARGET: target,
        PLATFORM: ARCHITECTURE.docker,
        AWS_REGION: aws.getRegionOutput().region,
      },
      triggers: [stage.commit, target],
    });
    return {
      reference: $interpolate`${repository.repositoryUrl}@${image.stdout}`,
      repositoryArn: repository.arn,
    };
  }

  return { build };
}
