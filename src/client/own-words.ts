/** The envelope dialect says "running" where this product says "loaded". Our own clients read one set of words: the states. */
type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasStates = (value: unknown): value is Fields =>
  isFields(value) && typeof value['state'] === 'string' && typeof value['status'] === 'string';
const plain = (value: unknown): unknown => (hasStates(value) ? { ...value, status: value['state'] } : value);

/** A result or a broadcast with `status` equal to `state` in its models, and with the model's or the router's state as its own. */
export const inOwnWords = (data: unknown): unknown => {
  if (!isFields(data)) return data;
  const result: Fields = { ...data };
  if ('model' in data) result['model'] = plain(data['model']);
  if (Array.isArray(data['models'])) result['models'] = data['models'].map(plain);
  const owner = isFields(data['model']) ? data['model'] : data['router'];
  if (typeof data['status'] === 'string' && isFields(owner) && typeof owner['state'] === 'string') {
    result['status'] = owner['state'];
  }
  return result;
};
