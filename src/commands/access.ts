/** Who may call what, by the keys and tokens that are valid at the moment of the call. The same rule for every transport. */
import { CodedError } from '../contracts/errors.ts';
import { KEY_PREFIX, scopeRefusal } from '../contracts/keys.ts';
import type { Keyring, Scope } from '../contracts/keys.ts';
import { hasEnded, userRefusal } from '../contracts/users.ts';
import type { User } from '../contracts/users.ts';
import { NOBODY } from './caller.ts';
import type { Principal } from './caller.ts';
import type { Authorise } from './registry.ts';

/** What somebody shows to be let in. Both may come, and then what either permits is permitted. */
export interface Credentials {
  /** A key of this server, by its looks. */
  key: string | null;
  /** Any other text: a user's token, or one that clients send because they must send something. */
  token: string | null;
}

export interface Admitted {
  principal: Principal;
  /** Why the token did not count, where nobody needs one; null when it did or there was none. */
  fault: string | null;
}

export interface Access {
  /** Whose key that is, or UNAUTHORIZED. Null is no key. */
  identify(key: string | null): Principal | CodedError;
  /** Whose token that is, or UNAUTHORIZED with the reason. */
  verify(token: string): Promise<User | CodedError>;
  /** Who shows these, or UNAUTHORIZED: for a key that is not valid, or for nobody where somebody is needed. */
  admit(credentials: Credentials): Promise<Admitted | CodedError>;
  /** UNAUTHORIZED when the principal's key or token has ended or is missing, FORBIDDEN when the scopes do not suffice. */
  refusal(principal: Principal, scope: Scope): CodedError | undefined;
  /** The same, for the registry. */
  authorise: Authorise;
  /** Whether a principal that was let in may still stay. */
  stands(principal: Principal): boolean;
}

export interface AccessOptions {
  /** Hears the id of each key that is shown. */
  used?(id: string): void;
  /** Whose token that is; rejects with UNAUTHORIZED and the reason. */
  verify?(token: string): Promise<User>;
  now?(): number;
}

const ENDED = 'The key of this connection was revoked or has expired: connect again with another.';
const NEEDED =
  'This server needs a key or a token: `llamactor key create` and `llamactor token create` make them where the server runs.';
const TOKEN_ENDED = 'The token of this connection has expired: authenticate with a new one.';

/** The first text that looks like a key of ours, and the first other one. */
export const credentialsOf = (candidates: readonly unknown[]): Credentials => {
  const texts = candidates.filter((each): each is string => typeof each === 'string' && each !== '');
  return {
    key: texts.find((text) => text.startsWith(KEY_PREFIX)) ?? null,
    token: texts.find((text) => !text.startsWith(KEY_PREFIX)) ?? null,
  };
};

const noTokens = (): Promise<User> =>
  Promise.reject(new CodedError('UNAUTHORIZED', 'This server takes no users’ tokens.'));

export const createAccess = (
  keyring: Keyring,
  { used = () => undefined, verify: whose = noTokens, now = () => Date.now() }: AccessOptions = {},
): Access => {
  const identify = (token: string | null): Principal | CodedError => {
    const identity = keyring.identify(token, now());
    if (identity.kind === 'refused') return new CodedError('UNAUTHORIZED', identity.message);
    if (identity.kind === 'anonymous') return NOBODY;
    used(identity.key.id);
    return { key: identity.key.id, user: null };
  };

  const verify = async (token: string): Promise<User | CodedError> => {
    try {
      return await whose(token);
    } catch (error) {
      if (error instanceof CodedError) return error;
      throw error;
    }
  };

  /** Undefined when a key that was shown grants it, or there is none. */
  const keyRefusal = (id: string, scope: Scope): CodedError | undefined => {
    const key = keyring.byId(id, now());
    if (key === null) return new CodedError('UNAUTHORIZED', ENDED);
    const reason = scopeRefusal(key, scope);
    return reason === null ? undefined : new CodedError('FORBIDDEN', reason, { details: { scope } });
  };

  const refusalOfUser = (user: User, scope: Scope, open: boolean): CodedError | undefined => {
    if (hasEnded(user, now())) return new CodedError('UNAUTHORIZED', TOKEN_ENDED);
    const reason = userRefusal(user, scope, open);
    return reason === null ? undefined : new CodedError('FORBIDDEN', reason, { details: { scope } });
  };

  const refusal = ({ key, user }: Principal, scope: Scope): CodedError | undefined => {
    if (key === null && user === null) return keyring.required ? new CodedError('UNAUTHORIZED', NEEDED) : undefined;
    // A token without scopes says nothing beside a key that does.
    const byUser = user === null ? undefined : refusalOfUser(user, scope, key === null && !keyring.required);
    if (key === null) return byUser;
    const byKey = keyRefusal(key, scope);
    return byKey?.code === 'FORBIDDEN' && user !== null && byUser === undefined ? undefined : byKey;
  };

  return {
    identify,
    verify,
    async admit({ key, token }) {
      const holder = key === null ? NOBODY : identify(key);
      if (holder instanceof CodedError) return holder;
      const user = token === null ? null : await verify(token);
      if (user !== null && !(user instanceof CodedError)) return { principal: { key: holder.key, user }, fault: null };
      const fault = user === null ? null : user.message;
      if (holder.key === null && keyring.required)
        return new CodedError('UNAUTHORIZED', fault === null ? NEEDED : `${fault} ${NEEDED}`);
      return { principal: holder, fault };
    },
    refusal,
    authorise: ({ principal = NOBODY }, scope) => refusal(principal, scope),
    stands({ key, user }) {
      if (key !== null) return keyring.byId(key, now()) !== null;
      return !keyring.required || (user !== null && !hasEnded(user, now()));
    },
  };
};
