export class FastStarError extends Error {
  override readonly name = "FastStarError";

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
