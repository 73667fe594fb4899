/** Writes under way that are waited for together: whoever began one goes on with something else meanwhile. */
export class Keeping {
  readonly #writes: Promise<void>[] = [];
  #failure: { error: unknown } | undefined;

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  add(write: Promise<void>): void {
    this.#writes.push(
      write.catch((error: unknown) => {
        this.#failure ??= { error };
      }),
    );
  }

  /** Resolves when none is under way any more. Throws the first failure. */
  async ended(): Promise<void> {
    await Promise.all(this.#writes);
    if (this.#failure) throw this.#failure.error;
  }
}
