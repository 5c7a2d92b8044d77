/** Keys without a disk: the real keyring and the real digests, over a list. */
import { CodedError } from '../../src/contracts/errors.ts';
import { Keyring } from '../../src/contracts/keys.ts';
import type { CheckedKey, KeyView } from '../../src/contracts/keys.ts';
import type { By, DomainChange, Services } from '../../src/commands/services.ts';
import { digests, hintOf, newSecret } from '../../src/io/keys/secret.ts';

export interface MemoryKeys {
  service: Services['keys'];
  ring: Keyring;
  /** Asks everybody for a key, or nobody. */
  require(required: boolean): void;
}

export const createMemoryKeys = (publish: (change: DomainChange) => void): MemoryKeys => {
  const ring = new Keyring(digests);
  let keys: (KeyView & CheckedKey)[] = [];
  let required = false;
  let made = 0;
  const list = (): KeyView[] =>
    keys.map((key) => {
      const { hash: _hash, ...view } = key;
      return view;
    });
  const apply = (by: By | null): void => {
    ring.replace(required, keys);
    publish({ kind: 'keys', keys: list(), required, by });
  };
  return {
    ring,
    require: (wanted) => {
      required = wanted;
      apply(null);
    },
    service: {
      list,
      required: () => required,
      create: (wanted, by) => {
        const secret = newSecret();
        const id = `key-${(made += 1)}`;
        const times = { createdAt: Date.now(), lastUsedAt: null };
        keys = [...keys, { ...wanted, ...times, id, hash: digests.of(secret), hint: hintOf(secret) }];
        apply(by);
        const key = list().find((each) => each.id === id);
        return key === undefined ? Promise.reject(new Error('not made')) : Promise.resolve({ key, secret });
      },
      revoke: (ref, by) => {
        const key = keys.find(({ id, name }) => id === ref || name === ref);
        if (key === undefined) return Promise.reject(new CodedError('NOT_FOUND', `There is no key ${ref}.`));
        keys = keys.filter((each) => each !== key);
        apply(by);
        return Promise.resolve({ id: key.id, name: key.name });
      },
    },
  };
};
