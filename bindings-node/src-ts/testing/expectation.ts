/** What a test expected did not happen. Test runners show it as any failed assertion. */
export class ExpectationError extends Error {
  declare readonly name: 'ExpectationError';
}
Object.defineProperty(ExpectationError.prototype, 'name', {
  value: 'ExpectationError',
  configurable: true,
  writable: true,
});
