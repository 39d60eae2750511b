import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { applyPatch, type Operation } from 'rfc6902';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** A Kubernetes object of any kind. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [key: string]: unknown;
}

/** The fields of Kustomize that infra/kubernetes uses; others are refused. */
const kustomizationSchema = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  namespace: z.string().optional(),
  resources: z.array(z.string()),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
  patches: z
    .array(
      z.strictObject({
        path: z.string().optional(),
        patch: z.string().optional(),
        target: z.strictObject({ kind: z.string(), name: z.string().optional() }),
      }),
    )
    .default([]),
});

/**
 * Returns the output of `kubectl kustomize <directory>` as objects. npm has no Kustomize, and few lines cover the
 * fields that are used here.
 * @throws Error when a patch does not apply, or has no target.
 */
export function kustomize(directory: string): Manifest[] {
  const { namespace, resources, images, patches } = kustomizationSchema.parse(
    parse(readFileSync(join(directory, 'kustomization.yaml'), 'utf8')),
  );
  const manifests = resources.flatMap((resource) => readResource(join(directory, resource)));
  for (const { path, patch, target } of patches) {
    const operations = parse(
      path === undefined ? (patch ?? '') : readFileSync(join(directory, path), 'utf8'),
    ) as Operation[];
    const targets = manifests.filter(
      ({ kind, metadata }) => kind === target.kind && (target.name ?? metadata.name) === metadata.name,
    );
    if (targets.length === 0) throw new Error(`${directory}: a patch has no target.`);
    for (const manifest of targets) {
      const failed = applyPatch(manifest, structuredClone(operations)).find((result) => result !== null);
      if (failed) {
        throw new Error(`${directory}: ${manifest.kind} ${manifest.metadata.name}`, { cause: failed });
      }
    }
  }
  for (const container of manifests.flatMap(containersIn)) {
    const image = images.find(({ name }) => name === container.image);
    if (image) container.image = `${image.newName}:${image.newTag}`;
  }
  if (namespace !== undefined) {
    for (const { kind, metadata } of manifests) if (kind !== 'Namespace') metadata.namespace = namespace;
  }
  return manifests;
}

function readResource(path: string): Manifest[] {
  if (!existsSync(path)) throw new Error(`There is no ${path} in ${dirname(path)}.`);
  if (statSync(path).isDirectory()) return kustomize(path);
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(path, { cause: document.errors[0] });
    return document.toJS() as Manifest;
  });
}

interface Container {
  readonly name: string;
  image: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly securityContext?: unknown;
  readonly resources?: unknown;
  readonly startupProbe?: unknown;
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly securityContext?: unknown;
    readonly automountServiceAccountToken?: boolean;
    readonly volumes?: readonly {
      readonly name: string;
      readonly secret?: { readonly secretName: string };
    }[];
  };
}

/** Returns the pod template of a manifest, if it has one. */
export function podOf(manifest: Manifest): PodTemplate | undefined {
  const spec = manifest['spec'] as
    | {
        readonly template?: PodTemplate;
        readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } };
      }
    | undefined;
  return spec?.template ?? spec?.jobTemplate?.spec.template;
}

function containersIn(manifest: Manifest): readonly Container[] {
  return podOf(manifest)?.spec.containers ?? [];
}
