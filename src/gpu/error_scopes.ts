/** Error scopes, which tell the errors of Sluice's own work from those of an app that uses the same GPUDevice. */

const KINDS = ["validation", "internal", "out-of-memory"] as const satisfies readonly GPUErrorFilter[];

/**
 * Runs `work`, which must not wait for anything: scopes are a stack that all users of the device share.
 * @param report gets a promise of the first error that the GPU reports of this work, or null
 */
export function inErrorScopes<T>(gpu: GPUDevice, work: () => T, report: (error: Promise<GPUError | null>) => void): T {
  for (const kind of KINDS) gpu.pushErrorScope(kind);
  try {
    return work();
  } finally {
    const error = Promise.all(KINDS.map(() => gpu.popErrorScope())).then((errors) => errors.find(Boolean) ?? null);
    // A lost device rejects, and what threw has thrown already.
    error.catch(() => undefined);
    report(error);
  }
}
