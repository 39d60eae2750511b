import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terse-scripts-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Replaces a command by a script, which first logs the call. */
function pretend(command: string, script: string): void {
  const calls = join(directory, 'calls');
  writeFileSync(join(directory, command), `#!/bin/bash\necho "${command} $*" >>${calls}\n${script}\n`, {
    mode: 0o755,
  });
}

function run(script: string, environment: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync('bash', [script, ...args], {
    env: { PATH: `${directory}:/usr/bin:/bin`, ...environment },
    encoding: 'utf8',
  });
  const calls = join(directory, 'calls');
  return { status, stdout, stderr, calls: existsSync(calls) ? readFileSync(calls, 'utf8') : '' };
}

describe('infra/build-image.sh', () => {
  const BUILD = {
    REPOSITORY_URL: '123456789012.dkr.ecr.eu-central-1.amazonaws.com/terse/dev/redirect',
    TAG: 'abcdef012345-runtime',
    FUNCTION: 'redirect',
    TARGET: 'runtime',
    PLATFORM: 'linux/arm64',
    AWS_REGION: 'eu-central-1',
  };

  test('does not build an existing image, and prints its digest', () => {
    pretend('aws', 'echo sha256:there');
    pretend('docker', '');
    const { status, stdout, calls } = run('infra/build-image.sh', BUILD);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'sha256:there\n' });
    expect(calls).toContain('--repository-name terse/dev/redirect --image-ids imageTag=abcdef012345-runtime');
    expect(calls).not.toContain('docker');
  });

  test('builds and pushes a missing image, and prints only its digest', () => {
    const built = join(directory, 'built');
    pretend('aws', `[[ $2 == get-login-password ]] && exit; [[ -e ${built} ]] && echo sha256:new`);
    pretend('docker', `[[ $1 == buildx ]] && touch ${built}; echo 'a lot of progress'`);
    const { status, stdout, calls } = run('infra/build-image.sh', BUILD);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'sha256:new\n' });
    expect(calls).toContain(
      'docker buildx build --push --provenance=false --sbom=false --platform linux/arm64 --target runtime ' +
        `--build-arg FUNCTION=redirect --tag ${BUILD.REPOSITORY_URL}:${BUILD.TAG} .`,
    );
  });

  test('fails when the image cannot be built', () => {
    pretend('aws', '[[ $2 == get-login-password ]]');
    pretend('docker', '[[ $1 != buildx ]]');
    expect(run('infra/build-image.sh', BUILD)).toMatchObject({ status: 1, stdout: '' });
  });
});

describe('infra/run-task.sh', () => {
  const TASK = {
    CLUSTER: 'c',
    TASK: 'd',
    CONTAINER: 'dead-letters',
    LOG_GROUP: 'l',
    SUBNETS: 's1,s2',
    SECURITY_GROUP: 'g',
    AWS_REGION: 'eu-central-1',
  };
  const ended = (code: string) =>
    pretend(
      'aws',
      `case "$1 $2" in
        "ecs run-task") echo arn:aws:ecs:eu-central-1:1:task/c/task-1;;
        "logs get-log-events") echo what it said;;
        "ecs describe-tasks") echo "${code} It ended";;
      esac`,
    );

  test('waits for a task that succeeds, and prints its log', () => {
    ended('0');
    const { status, stdout, calls } = run('infra/run-task.sh', TASK, ['list', '--limit', '5']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'what it said\n' });
    expect(calls).toContain('subnets=[s1,s2],securityGroups=[g],assignPublicIp=DISABLED');
    expect(calls).toContain(
      '{"containerOverrides":[{"name":"dead-letters","command":["node","main.js","list","--limit","5"]}]}',
    );
    expect(calls).toContain('--log-group-name l --log-stream-name dead-letters/dead-letters/task-1');
  });

  test.each(['1', 'None'])('fails when the task ends with %s', (code) => {
    ended(code);
    const { status, stdout, stderr } = run('infra/run-task.sh', TASK);
    expect({ status, stdout }).toEqual({ status: 1, stdout: 'what it said\n' });
    expect(stderr).toContain(`ended with ${code}: It ended`);
  });

  test('fails when the task cannot start', () => {
    pretend('aws', `[[ $2 == run-task ]] && echo None; [[ $2 != wait ]]`);
    expect(run('infra/run-task.sh', TASK).status).not.toBe(0);
  });
});
