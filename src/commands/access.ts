/** Who may call what, by the keys that are valid at the moment of the call. The same rule for every transport. */
import { CodedError } from '../contracts/errors.ts';
import { scopeRefusal } from '../contracts/keys.ts';
import type { Keyring, Scope } from '../contracts/keys.ts';
import type { Principal } from './caller.ts';
import type { Authorise } from './registry.ts';

export interface Access {
  /** Whose token that is, or UNAUTHORIZED. Null is no token. */
  identify(token: string | null): Principal | CodedError;
  /** UNAUTHORIZED when the principal's key is no longer valid or missing, FORBIDDEN when its scopes do not suffice. */
  refusal(principal: Principal, scope: Scope): CodedError | undefined;
  /** The same, for the registry. */
  authorise: Authorise;
  /** Whether a principal that was let in may still stay. */
  stands(principal: Principal): boolean;
}

const ANONYMOUS: Principal = { key: null };
const ENDED = 'The key of this connection was revoked or has expired: connect again with another.';
const NEEDED = 'This server needs a key: make one with `llamactor key create` where the server runs.';

/** `used` hears the id of each key that is shown. */
export const createAccess = (
  keyring: Keyring,
  used: (id: string) => void = () => undefined,
  now: () => number = () => Date.now(),
): Access => {
  const refusal = ({ key: id }: Principal, scope: Scope): CodedError | undefined => {
    if (id === null) return keyring.required ? new CodedError('UNAUTHORIZED', NEEDED) : undefined;
    const key = keyring.byId(id, now());
    if (key === null) return new CodedError('UNAUTHORIZED', ENDED);
    const reason = scopeRefusal(key, scope);
    return reason === null ? undefined : new CodedError('FORBIDDEN', reason, { details: { scope } });
  };
  return {
    identify(token) {
      const identity = keyring.identify(token, now());
      if (identity.kind === 'refused') return new CodedError('UNAUTHORIZED', identity.message);
      if (identity.kind === 'anonymous') return ANONYMOUS;
      used(identity.key.id);
      return { key: identity.key.id };
    },
    refusal,
    authorise: ({ principal = ANONYMOUS }, scope) => refusal(principal, scope),
    stands: ({ key }) => (key === null ? !keyring.required : keyring.byId(key, now()) !== null),
  };
};
