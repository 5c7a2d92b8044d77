/** Property tests that look at the same cases in every run, so that a failure is never a matter of luck. */
import fc from 'fast-check';

export const holds = <T>(property: fc.IPropertyWithHooks<T>, numRuns = 500): void => {
  fc.assert(property, { seed: 20_260, numRuns });
};
