/** A resource as its provider would get it, with every value that a plan can know. */
export interface PlannedResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Properties that only the encrypted state holds. */
  readonly secretInputs: readonly string[];
  /** Names of the resources that it waits for without using their outputs. */
  readonly dependsOn: readonly string[];
  readonly retainOnDelete: boolean;
  readonly ignoreChanges: readonly string[];
  /** The resource that is its provider; empty for the default provider. */
  readonly provider: string;
}

export interface Plan {
  readonly app: { readonly stage: string; readonly removal: string; readonly protect: boolean };
  readonly resources: readonly PlannedResource[];
}

/** Every secret value of a plan contains this text, and no other value does. */
export const SECRET_MARK = 'S3CRET';
