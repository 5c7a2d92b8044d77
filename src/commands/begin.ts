/**
 * Starts something long whose answer is "it has begun". A refusal that is known at once (a wrong state, a missing engine)
 * still reaches the caller; what fails later shows in the state that is broadcast, with its cause.
 */
export const begin = async (work: Promise<void>): Promise<void> => {
  const begun = new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  // The race also takes a later rejection of `work`, so none goes unhandled.
  await Promise.race([work, begun]);
};
