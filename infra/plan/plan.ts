/** A resource as it would be asked of its provider, with every value that a plan can know. */
export interface PlannedResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Properties that only the encrypted state holds. */
  readonly secretInputs: readonly string[];
  /** Names of the resources that it waits for though it asks nothing of them. */
  readonly dependsOn: readonly string[];
  readonly retainOnDelete: boolean;
  readonly ignoreChanges: readonly string[];
  /** The resource that this one names as its provider, where it names one. */
  readonly provider: string;
}

export interface Plan {
  readonly app: { readonly stage: string; readonly removal: string; readonly protect: boolean };
  readonly resources: readonly PlannedResource[];
}

/** Stands in every secret value of a plan, and nowhere else. */
export const SECRET_MARK = 'S3CRET';
