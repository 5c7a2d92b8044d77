/** Who uses this page, by the key or token that it shows; nobody in particular where none is needed. */
import { createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';
import { CodedError } from '../../src/contracts/errors.ts';
import { KEY_PREFIX } from '../../src/contracts/keys.ts';
import type { Client, ClientEvent } from '../net/client.ts';
import { credential, forgetCredential, keepCredential, useCredential } from '../net/credentials.ts';

export interface SessionUser {
  userId: string;
  email: string | null;
}

export interface Session {
  /** The user whose token this is; null with a key, and without either. */
  user: Accessor<SessionUser | null>;
  /** What this page shows to the server. */
  shows: Accessor<'nothing' | 'key' | 'token'>;
  /** Somebody wants to log in although nobody has to. */
  asking: Accessor<boolean>;
  ask: (asking: boolean) => void;
  /**
   * Shows a key or token to the server, and keeps it if the server takes it. Rejects with the server's reason, or when it does
   * not answer; then nothing is kept.
   */
  logIn: (secret: string, remember: boolean) => Promise<void>;
  /** Forgets the key or token and begins anew. */
  logOut: () => void;
  /** Goes on without what was refused. */
  goOnWithout: () => void;
  /** Why a login ended by itself, in words; null when none did. */
  ended: Accessor<string | null>;
}

/** How long a server may take to say yes or no, ms. */
const ANSWER = 10_000;

const isKey = (secret: string): boolean => secret.startsWith(KEY_PREFIX);
const kindOf = (secret: string | null): ReturnType<Session['shows']> =>
  secret === null ? 'nothing' : isKey(secret) ? 'key' : 'token';

/** What an event means to a login that waits; null is nothing yet. A key is taken with the connection, a token is said so. */
const verdictOn = (secret: string, event: ClientEvent): true | string | null => {
  if (event.type === 'refused' || event.type === 'failed') return event.reason;
  if (event.type === 'connected') return isKey(secret) ? true : null;
  if (event.type === 'user') return event.user === null ? (event.reason ?? 'It was refused.') : true;
  return null;
};

export const createSession = (client: Client, reload: () => void = () => location.reload()): Session => {
  const [user, setUser] = createSignal<SessionUser | null>(null);
  const [shows, setShows] = createSignal(kindOf(credential()));
  const [asking, ask] = createSignal(false);
  const [ended, setEnded] = createSignal<string | null>(null);
  let trying = false;

  client.onConnection((event) => {
    if (event.type === 'user') {
      setUser(event.user);
      if (event.user !== null || trying) return;
      if (credential() !== null) setEnded(event.reason);
      // What does not count is not shown again. Where somebody is needed, the server refuses now, and says so.
      forgetCredential();
      setShows('nothing');
      client.reconnect();
    } else if (event.type === 'connected' && kindOf(credential()) !== 'token') setUser(null);
  });

  const attempt = (secret: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const end = client.onConnection((event) => {
        const verdict = verdictOn(secret, event);
        if (verdict === null) return;
        finish(verdict === true ? null : new CodedError('UNAUTHORIZED', verdict));
      });
      const timer = setTimeout(() => finish(new CodedError('TIMEOUT', 'Llamactor did not answer; try again.')), ANSWER);
      const finish = (error: CodedError | null): void => {
        clearTimeout(timer);
        end();
        if (error === null) resolve();
        else reject(error);
      };
      client.reconnect();
    });

  return {
    user,
    shows,
    asking,
    ask,
    logIn: async (secret, remember) => {
      trying = true;
      useCredential(secret);
      try {
        await attempt(secret);
        keepCredential(remember);
        setEnded(null);
        setShows(kindOf(secret));
        ask(false);
      } catch (error) {
        forgetCredential();
        setShows('nothing');
        setUser(null);
        throw error;
      } finally {
        trying = false;
      }
    },
    logOut: () => {
      forgetCredential();
      // Nothing that was seen stays in this page's memory.
      reload();
    },
    goOnWithout: () => {
      forgetCredential();
      setShows('nothing');
      client.reconnect();
    },
    ended,
  };
};
